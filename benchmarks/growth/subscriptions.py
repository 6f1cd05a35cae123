"""From 1,000 to 100,000 subscriptions of a thousand connections, while ten others get every event."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.bench.processes import allow_open_files, free_port, progress, running
from benchmarks.bench.sides import Rate, attended, idle_cpu, served
from benchmarks.growth import event_set
from benchmarks.growth.dimension import CHECKED, Extent, Growth, Panel, points
from benchmarks.growth.event_set import BURST, EventSet
from benchmarks.servers.installation import Installation, fresh_installation
from benchmarks.servers.watched import resident_kib

COUNTS = (1_000, 10_000, 30_000, 100_000)
CROWD = 1_000  # connections, none of whose subscriptions matches
MATCHING = 10  # connections that get every event
RATES = Rate(100), Rate(500, BURST)
SUBSCRIBE_S = 180.0
WAIT_S = 10.0


class Row(NamedTuple):
    subscriptions: int
    memory: float  # KiB of RSS a subscription
    subscribing: float  # µs of CPU each
    idle: float  # ms of CPU a second
    sets: list[EventSet]


def measure(installation: Installation, count: int, seconds: float) -> Row:
    port, environment = free_port(), installation.environment
    crowd_load = ["-m", "benchmarks.clients.sockets", installation.socket_url(port), str(CROWD), "nothing"]
    with (
        served(installation, "eventhub", port) as server,
        attended(installation, "eventhub", server, port, MATCHING, "bounds") as side,
        running("the crowd", *crowd_load, environment=environment) as crowd,
    ):
        memory, cpu = resident_kib(server.pid), server.cpu_seconds()
        crowd.ask({"subscribe": f"missed-{count // CROWD}"}, SUBSCRIBE_S)
        cpu = server.cpu_seconds() - cpu
        [idle] = idle_cpu(side)
        memory = resident_kib(server.pid) - memory
        sets = event_set.both_ways(side, count, RATES, seconds)
        crowd.ask({"expect": 0}, WAIT_S)
    return Row(count, memory / count, cpu / count * 1e6, idle, sets)


def growth(extent: Extent) -> Growth:
    allow_open_files(2 * CROWD)
    rows = []
    for count in extent.of(COUNTS):
        progress(f"{count:,} subscriptions")
        with fresh_installation() as installation:
            rows.append(measure(installation, count, extent.seconds))
    sizes = [row.sets for row in rows]
    return Growth(
        title=f"Subscriptions of {CROWD:,} connections, beside {MATCHING} connections that get every event",
        what="subscriptions",
        columns=["subscriptions", "KiB RSS each", "µs CPU/subscribe", "idle ms CPU/s", *event_set.COLUMNS],
        rows=[shown for row in rows for shown in event_set.table_rows(row[:-1], row.sets)],
        notes=[
            "Half of them ask by value, half by a number bound; no two are alike, none matches, none got anything.",
            "Subscribing is command, index and reply. CPU of events includes what idle sockets cost meanwhile.",
            CHECKED,
        ],
        panels=[
            Panel("µs CPU an event", event_set.lines(sizes, "cpu_per_event")),
            Panel("KiB of memory a subscription", {"": points(rows, "memory")}),
            Panel("µs CPU to subscribe", {"": points(rows, "subscribing")}),
            event_set.latency_panel(sizes),
        ],
    )
