"""From 10 to 1,000 event types, made as an admin makes them; 100 sockets ask for all of them."""

from __future__ import annotations

import time
from statistics import median
from typing import NamedTuple

import msgspec
from websockets.sync.client import ClientConnection

from benchmarks.bench.processes import Child, Failed, free_port, progress, running
from benchmarks.bench.sides import Rate, attended, served
from benchmarks.bench.workload import named
from benchmarks.growth import event_set
from benchmarks.growth.dimension import CHECKED, Extent, Growth, Panel, points
from benchmarks.growth.event_set import BURST, EventSet
from benchmarks.growth.valkey import Valkey, valkey_of
from benchmarks.resume import ask, connected, receive
from benchmarks.servers.installation import Installation, fresh_installation

COUNTS = (10, 100, 1_000)
SOCKETS = 100
RATES = Rate(50), Rate(200, BURST)
GROUPS = "*made_*"  # how the channels of the types' groups are called in Valkey
TAKES = 3  # of what is timed, of which the median counts
MAKE_S = 60.0
ANSWER_S = 30.0


class Row(NamedTuple):
    types: int
    metadata: float  # KB
    load: float  # ms to make the registry from its rows
    change: float  # ms from a change until a client is told
    join: float  # ms from subscribing to all until all groups are joined
    sets: list[EventSet]


def join(socket: ClientConnection, valkey: Valkey, count: int) -> float:
    """ms; afterwards it asks for nothing and the groups are left."""
    began = time.monotonic()
    replies = [ask(socket, **command) for command in named(f"types-{count}").asks(0)]
    valkey.await_groups(GROUPS, count)
    took = (time.monotonic() - began) * 1e3
    for reply in replies:
        ask(socket, "unsubscribe", subscription_id=reply["subscription_id"])
    valkey.await_groups(GROUPS, 0)
    return took


def change(socket: ClientConnection, inside: Child, number: int) -> float:
    """ms from the call that changes a type until a client that knows the metadata is told."""
    inside.send({"rename": number})
    message = receive(socket)
    told = time.monotonic()
    if message["type"] != "metadata_changed":
        raise Failed(f"{message} came where a change of the metadata was due")
    asked: float = inside.answer(ANSWER_S)
    return (told - asked) * 1e3


def measure(installation: Installation, inside: Child, valkey: Valkey, count: int, seconds: float) -> Row:
    port = free_port()
    inside.ask({"types": count}, MAKE_S)
    load = inside.ask({"load": TAKES}, MAKE_S)
    with (
        served(installation, "eventhub", port) as server,
        connected(installation.socket_url(port)) as watcher,
    ):
        joins = [join(watcher, valkey, count) for _ in range(TAKES)]
        with attended(installation, "eventhub", server, port, SOCKETS, f"types-{count}") as side:
            valkey.await_groups(GROUPS, count)
            sets = event_set.both_ways(side, count, RATES, seconds)
            metadata = len(msgspec.json.encode(ask(watcher, "get_metadata"))) / 1e3
            changes = [change(watcher, inside, number) for number in range(TAKES)]
            side.check_nothing_more_came()
    return Row(count, metadata, load, median(changes), median(joins), sets)


def growth(extent: Extent) -> Growth:
    rows = []
    with (
        fresh_installation() as installation,
        valkey_of(installation) as valkey,
        running("the admin", "-m", "benchmarks.growth.inside", environment=installation.environment) as inside,
    ):
        for count in extent.of(COUNTS):
            progress(f"{count:,} event types")
            rows.append(measure(installation, inside, valkey, count, extent.seconds))
    sizes = [row.sets for row in rows]
    times = {"registry from its rows": "load", "change until clients know": "change", "groups joined": "join"}
    return Growth(
        title=f"Event types, all of which {SOCKETS} sockets ask for",
        what="event types",
        columns=["event types", "KB metadata", "load ms", "change ms", "join ms", *event_set.COLUMNS],
        rows=[shown for row in rows for shown in event_set.table_rows(row[:-1], row.sets)],
        notes=[
            "Each type has four fields; those of a fresh database are there, too. Events are of all types by turns.",
            "load: the registry made from its rows.",
            "change: from the save of a label, by another process, until a client is told of it.",
            "join: from the first of a client's subscriptions until the server is in the groups of all types.",
            f"load, change, join: the medians of {TAKES}.",
            CHECKED,
        ],
        panels=[
            Panel("µs CPU an event", event_set.lines(sizes, "cpu_per_event")),
            Panel("ms until it is done", {label: points(rows, figure) for label, figure in times.items()}, log=True),
            Panel("KB of metadata", {"": points(rows, "metadata")}, log=True),
            event_set.latency_panel(sizes),
        ],
    )
