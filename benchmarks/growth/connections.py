"""From 500 to 10,000 connections, all of which get every event."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.bench.processes import allow_open_files, free_port, progress, running
from benchmarks.bench.sides import Rate, attended, idle_cpu, served
from benchmarks.growth import event_set
from benchmarks.growth.dimension import CHECKED, Extent, Growth, Panel, points
from benchmarks.growth.event_set import BURST, EventSet
from benchmarks.servers.installation import Installation, fresh_installation
from benchmarks.servers.watched import resident_kib

COUNTS = (500, 1_000, 2_000, 5_000, 10_000)
DELIVERIES = 20_000  # a second, one by one
DELIVERIES_IN_BURSTS = 100_000  # a second
MORE_FILES = 1_000  # that a process has open besides its sockets
FIRST = 10  # sockets, so that what only the first ones make is there before memory is compared
PINGS_S = 20.0  # in which each socket is pinged once, as they connect within less than that
WAIT_S = 10.0


class Row(NamedTuple):
    connections: int
    memory: float  # KiB of RSS a socket
    idle: float  # ms of CPU a second
    sets: list[EventSet]


def measure(installation: Installation, count: int, seconds: float) -> Row:
    port, environment = free_port(), installation.environment
    first_load = ["-m", "benchmarks.clients.sockets", installation.socket_url(port), str(FIRST), "missed-1"]
    with (
        served(installation, "eventhub", port) as server,
        running("the first sockets", *first_load, environment=environment) as first,
    ):
        before = resident_kib(server.pid)
        with attended(installation, "eventhub", server, port, count) as side:
            [idle] = idle_cpu(side, seconds=PINGS_S)
            memory = (resident_kib(server.pid) - before) / count
            rates = Rate(DELIVERIES / count), Rate(DELIVERIES_IN_BURSTS / count, BURST)
            sets = event_set.both_ways(side, count, rates, seconds)
            first.ask({"expect": 0}, WAIT_S)
    return Row(count, memory, idle, sets)


def growth(extent: Extent) -> Growth:
    counts = extent.of(COUNTS)
    allow_open_files(max(counts) + MORE_FILES)
    rows = []
    for count in counts:
        progress(f"{count:,} connections")
        with fresh_installation() as installation:
            rows.append(measure(installation, count, extent.seconds))
    sizes = [row.sets for row in rows]
    return Growth(
        title="Connections, each of which gets every event",
        what="connections",
        columns=["connections", "KiB RSS/socket", "idle ms CPU/s", *event_set.COLUMNS],
        rows=[shown for row in rows for shown in event_set.table_rows(row[:-1], row.sets)],
        notes=[
            f"{DELIVERIES:,} deliveries a second one by one, {DELIVERIES_IN_BURSTS:,} in bursts, in each row.",
            "CPU of events includes what idle sockets cost meanwhile. Of fewer than 100 calls, p99 is the slowest.",
            CHECKED,
        ],
        panels=[
            Panel("µs CPU a delivery", event_set.lines(sizes, "cpu_per_delivery")),
            Panel("KiB of memory a socket", {"": points(rows, "memory")}),
            Panel("ms CPU a second when idle", {"": points(rows, "idle")}),
            event_set.latency_panel(sizes),
        ],
    )
