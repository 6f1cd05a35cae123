"""Two sets of events for each size of what grows, one by one and in bursts of ten: the same columns in each table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.bench.sides import Rate, Side, percentiles
from benchmarks.growth.dimension import Panel, Points, points

BURST = 10
WAYS = ("one by one", f"in bursts of {BURST}")
COLUMNS = ["events/s", "µs CPU/delivery", "µs CPU/event", "p50 ms", "p99 ms"]


class EventSet(NamedTuple):
    size: int
    rate: Rate
    cpu_per_delivery: float  # µs
    cpu_per_event: float  # µs
    p50: float  # ms
    p99: float  # ms


def measured(side: Side, size: int, rate: Rate, seconds: float) -> EventSet:
    take = side.measure(rate, seconds)
    return EventSet(size, rate, take.cpu, take.cpu * side.count, *percentiles(take.latencies))


def both_ways(side: Side, size: int, rates: tuple[Rate, Rate], seconds: float) -> list[EventSet]:
    """One for each of WAYS. Raises Failed also when anything came afterwards."""
    side.warm_up()
    sets = [measured(side, size, rate, seconds) for rate in rates]
    side.check_nothing_more_came()
    return sets


def table_rows(head: Sequence[object], sets: Iterable[EventSet]) -> list[list[object]]:
    """A row for each set, as COLUMNS names it, behind what is the same for all of them."""
    rows = [[str(each.rate), *each[2:]] for each in sets]
    return [[*(head if row is rows[0] else [""] * len(head)), *row] for row in rows]


def lines(sizes: Iterable[Sequence[EventSet]], figure: str) -> dict[str, Points]:
    """A figure of the sets of all sizes, a line for each way."""
    return {way: points(sets, figure) for way, sets in zip(WAYS, zip(*sizes, strict=True), strict=True)}


def latency_panel(sizes: Sequence[Sequence[EventSet]]) -> Panel:
    by_figure = {figure: lines(sizes, figure) for figure in ("p50", "p99")}
    labelled = {f"{figure}, {way}": line for figure, by_way in by_figure.items() for way, line in by_way.items()}
    return Panel("ms from the call to the last socket", labelled, log=True)
