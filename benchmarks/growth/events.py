"""From 10 to 2,000 events a second to 100 sockets: one by one as far as that suffices, then several a call."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.bench.processes import progress
from benchmarks.bench.sides import Rate, Side, idle_note, percentiles, serving
from benchmarks.broadcast import sync_cost
from benchmarks.growth.dimension import CHECKED, Extent, Growth, Panel, points
from benchmarks.growth.valkey import Valkey, valkey_of
from benchmarks.servers.installation import fresh_installation

SOCKETS = 100
RATES = (10, 50, 100, 200, 500, 1_000, 2_000)
BATCHES = (1, 10, 100)  # events a call; each suffices up to a rate, from which on the next is tried
KEPT_UP = 0.95  # of the rate; below that it was not reached
LATE_MS = 100.0
BUSY = 90.0  # % of a core, from which on we call it full


class Row(NamedTuple):
    asked: int  # events a second
    batch: int
    reached: float  # events a second
    cpu_per_event: float  # µs
    cpu_per_delivery: float  # µs
    p50: float  # ms
    p99: float  # ms
    server: float  # % of a core
    broadcaster: float
    valkey: float
    clients: float

    @property
    def keeps_up(self) -> bool:
        """The median: a busy machine makes some late, a queue that grows makes all."""
        return self.reached >= KEPT_UP * self.asked and self.p50 < LATE_MS

    @property
    def others(self) -> float:
        """% of the core that is not the server's."""
        return self.broadcaster + self.valkey + self.clients

    def saturated(self) -> str:
        """To be asked just then: the disk is as fast as others let it be."""
        if self.server >= BUSY:
            return "the core of the server is full"
        if self.others >= BUSY:
            return "the core that broadcaster, Valkey and clients share is full"
        call = self.batch / self.reached * 1e3
        used = self.broadcaster / 100 * call
        return (
            f"no core is full of it: a call took {call:.1f} ms, {used:.1f} ms of them CPU; "
            f"a write of 4 KiB and fdatasync took {sync_cost():.2f} ms just then"
        )


def measure(side: Side, valkey: Valkey, asked: int, batch: int, seconds: float) -> Row:
    def used() -> list[float]:
        return [each.cpu_seconds() for each in (side.server, side.broadcaster, valkey, side.sockets)]

    before, began = used(), time.monotonic()
    take = side.measure(Rate(asked, batch), seconds)
    elapsed = time.monotonic() - began
    shares = [(now - start) / elapsed * 100 for now, start in zip(used(), before, strict=True)]
    return Row(asked, batch, take.reached, take.cpu * SOCKETS, take.cpu, *percentiles(take.latencies), *shares)


def rows_of(side: Side, valkey: Valkey, seconds: float) -> Iterator[Row]:
    """Each rate as few events a call as suffice; with those that did not."""
    side.warm_up()
    batches = list(BATCHES)
    for asked in RATES:
        while True:
            progress(f"{asked:,} events/s, {batches[0]} a call")
            row = measure(side, valkey, asked, batches[0], seconds)
            yield row
            if row.keeps_up or len(batches) == 1:
                break
            del batches[0]


def knee(row: Row) -> Iterator[str]:
    """What is to be said of a rate that is too much, or nearly."""
    asked = f"{row.asked:,} events/s {calls(row.batch)}"
    if not row.keeps_up:
        came = f"{row.reached:,.0f} were reached, half of them within {row.p50:,.0f} ms"
        yield f"{asked} is too much: {came}; {row.saturated()}."
    elif row.p99 >= LATE_MS:
        yield f"{asked}: p99 is over {LATE_MS:g} ms."


def calls(batch: int) -> str:
    return "one by one" if batch == 1 else f"{batch} a call"


def panels(rows: list[Row]) -> list[Panel]:
    ways = {calls(batch): [row for row in rows if row.batch == batch] for batch in BATCHES}
    ways = {way: some for way, some in ways.items() if some}
    singly = calls(1)
    latencies = {f"{figure}, {way}": points(some, figure) for figure in ("p50", "p99") for way, some in ways.items()}
    shares = {"server": "server", "broadcaster": "broadcaster", "Valkey": "valkey", "clients": "clients"}
    return [
        Panel("events a second, reached", {way: points(some, "reached") for way, some in ways.items()}, log=True),
        Panel("µs CPU an event", {way: points(some, "cpu_per_event") for way, some in ways.items()}),
        Panel(f"% of a core, {singly}", {label: points(ways[singly], figure) for label, figure in shares.items()}),
        Panel("ms from the call to the last socket", latencies, log=True),
    ]


def growth(extent: Extent) -> Growth:
    with (
        fresh_installation() as installation,
        valkey_of(installation) as valkey,
        serving(installation, "eventhub", SOCKETS) as side,
    ):
        idle = idle_note(side)
        rows: list[Row] = []
        knees: list[str] = []
        for row in rows_of(side, valkey, extent.seconds):
            rows.append(row)
            knees += knee(row)
        side.check_nothing_more_came()
    return Growth(
        title=f"Events a second, from one broadcaster to {SOCKETS} sockets",
        what="events a second",
        columns=[
            *("events/s", "calls", "reached", "µs CPU/event", "µs CPU/delivery", "p50 ms", "p99 ms"),
            *("server %", "broadcaster %", "Valkey %", "clients %"),
        ],
        rows=[[row.asked, calls(row.batch), *row[2:]] for row in rows],
        notes=[
            f"{idle} The CPU of events includes it: at low rates it is most of that.",
            *knees,
            "%: of a core. The server has one for itself, the others share one.",
            "Latency begins with the call: a broadcaster that cannot keep up calls late, which shows in the rate.",
            CHECKED,
        ],
        panels=panels(rows),
    )
