"""Finding the subscriptions that ask for an event: the matcher's index against asking each of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from benchmarks.bench.tables import machine, say, show
from events.core.event_types import EventType, Field, folded
from events.core.filters import Filter, matches, parse_filters
from subscriptions.matching.matcher import Matcher

COUNTS = (1_000, 10_000, 100_000)
EVENTS = 50  # different ones with equally many matches, so that no cache holds the answer
TAKES = 3  # of everything, the sizes in turn; the best counts, as what disturbs only adds
ROUNDS = 20  # of all events in a take
CHANGES = 500  # subscriptions chosen at random, that go and come back

Payload = dict[str, Any]
SEVERE = ["error", "critical"]
TYPE = EventType(
    id="mcp_auto_disabled",
    category="mcp",
    label="MCP server disabled",
    fields=tuple(
        Field(name=name, label=name, type=type, data_key=data_key, operator=operator)
        for name, type, data_key, operator in (
            ("mcp_names", "multiselect", "mcp_name", "in"),
            ("severity", "multiselect", "severity", "in"),
            ("min_failure_cycles", "number", "failure_cycles", "gte"),
            ("reason", "text", "reason", "contains"),
        )
    ),
)


class Workload(NamedTuple):
    name: str
    asked: Callable[[int], Payload]  # the filters of a subscription, by its number; no two are the same
    cycles: int
    servers: int | None = None  # that events are about; one in ten subscriptions when not given

    def filters(self, count: int) -> list[Filter]:
        return [parse_filters(self.asked(number), [TYPE])[TYPE.id] for number in range(count)]

    def events(self, count: int) -> list[Payload]:
        servers = [number * (self.servers or count // 10) // EVENTS for number in range(EVENTS)]
        return [
            {
                "mcp_name": f"server_{server}",
                "severity": "error",
                "failure_cycles": self.cycles,
                "reason": f"Disabled after {self.cycles} failure cycles: upstream said E{server:05d}, giving up",
            }
            for server in servers
        ]


def value(number: int) -> Payload:
    return {"mcp_names": [f"server_{number // 10}", f"own_{number}"]}


def bound(number: int) -> Payload:
    return {"min_failure_cycles": number}


def mixed(number: int) -> Payload:
    """Of ten: four ask for a server, five for a server, severities and a bound, one has a bound of its own."""
    group, kind = divmod(number, 10)
    names = {"mcp_names": [f"server_{group}", f"own_{number}"]}
    if kind < 4:
        return names
    if kind < 9:
        return names | {"severity": SEVERE, "min_failure_cycles": 2 * (kind - 4)}
    return {"min_failure_cycles": 2 * group}


def bound_and_common_value(number: int) -> Payload:
    return {"min_failure_cycles": number, "severity": SEVERE}


def common_value(number: int) -> Payload:
    return {"mcp_names": [f"server_{number % 18}", f"own_{number}"]}


def needle(number: int) -> Payload:
    return {"reason": f"E{number // 10:05d}", "min_failure_cycles": number % 10}


WORKLOADS = [
    Workload("value", value, 9),
    Workload("number bound", bound, 9),
    Workload("mixed", mixed, 4),
    Workload("own bound, value that all ask for", bound_and_common_value, 9),
    Workload("value that one in 18 asks for", common_value, 9, servers=18),
    Workload("text needle", needle, 9),
]


def scan(filters: Sequence[Filter], event: Payload) -> list[int]:
    return [number for number, filter in enumerate(filters) if matches(filter, event)]


def prepared(filter: Filter) -> list[tuple[str, Callable[[Any], bool]]]:
    """What a scan by hand would make of a filter beforehand, for payloads without lists, null or upper case."""
    return [(condition.data_key, TESTS[condition.operator](condition.values)) for condition in filter]


TESTS: dict[str, Callable[[tuple[Any, ...]], Callable[[Any], bool]]] = {
    "in": lambda values: frozenset(values).__contains__,
    "gte": lambda values: values[0].__le__,
    "contains": lambda values: lambda text: values[0] in text,
}


def prepared_scan(filters: Sequence[list[tuple[str, Callable[[Any], bool]]]], event: Payload) -> list[int]:
    found = []
    for number, tests in enumerate(filters):
        for data_key, test in tests:
            if not test(event[data_key]):
                break
        else:
            found.append(number)
    return found


class Figures(NamedTuple):
    """CPU µs of an event, and of a subscription that comes or goes."""

    indexed: float
    scan: float
    prepared: float
    add: float
    remove: float


class Population:
    """So many subscriptions of a workload, in a matcher and beside it."""

    def __init__(self, workload: Workload, count: int) -> None:
        self.filters = workload.filters(count)
        self.prepared = [prepared(filter) for filter in self.filters]
        self.events = workload.events(count)
        self.folded = {key: folded(each) if isinstance(each, str) else each for key, each in self.events[0].items()}
        self.matcher: Matcher[int] = Matcher()
        for number, filter in enumerate(self.filters):
            self.matcher.add(TYPE.id, filter, number)
        self.changing = random.Random(1).sample(range(count), CHANGES)
        self.matches = scan(self.filters, self.events[0])
        assert self.matches == prepared_scan(self.prepared, self.folded) == sorted(self.match(self.events[0]))
        assert {len(self.match(event)) for event in self.events} <= {len(self.matches), len(self.matches) - 1}

    def match(self, event: Payload) -> Collection[int]:
        return self.matcher.match(TYPE.id, event)

    def match_all(self) -> None:
        for event in self.events:
            self.match(event)

    def remove(self) -> None:
        for number in self.changing:
            self.matcher.remove(TYPE.id, self.filters[number], number)

    def add(self) -> None:
        for number in self.changing:
            self.matcher.add(TYPE.id, self.filters[number], number)

    def take(self) -> Figures:
        return Figures(
            indexed=min(cpu(self.match_all) for _ in range(ROUNDS)) / EVENTS,
            scan=cpu(lambda: scan(self.filters, self.events[0])),
            prepared=cpu(lambda: prepared_scan(self.prepared, self.folded)),
            remove=cpu(self.remove) / CHANGES,
            add=cpu(self.add) / CHANGES,
        )


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1000


def main() -> None:
    rows, changes, notes = [], [], []
    for workload in WORKLOADS:
        populations = {count: Population(workload, count) for count in COUNTS}
        takes = [[each.take() for each in populations.values()] for _ in range(TAKES)]
        best = {count: Figures(*map(min, *(take[place] for take in takes))) for place, count in enumerate(populations)}
        for count, each in best.items():
            ratios = [f"{scan / each.indexed:,.0f} ×" for scan in (each.scan, each.prepared)]
            found = len(populations[count].matches)
            rows.append([workload.name, count, found, each.indexed, each.scan, ratios[0], each.prepared, ratios[1]])
            changes.append([workload.name, count, each.add, each.remove])
        if not workload.servers:
            growth = best[COUNTS[-1]].indexed / best[COUNTS[0]].indexed
            notes.append(f"{workload.name}: {growth:.2f} × from {COUNTS[0]:,} to {COUNTS[-1]:,}.")
    columns = ["asked by", "subscriptions", "match", "index µs", "scan µs", "", "prepared scan µs", ""]
    show("Match: one event against subscriptions of its type, no two alike", columns, rows, [*NOTES, *notes])
    show("Subscribing and unsubscribing", ["asked by", "subscriptions", "add µs", "remove µs"], changes)


NOTES = [
    "scan: the plain predicate on each filter. prepared scan: sets and bounds made ready, payload folded beforehand.",
    f"CPU time, the best of {TAKES} takes, the sizes in turn; {EVENTS} events with equally many matches; no delivery.",
]

if __name__ == "__main__":
    say(machine())
    main()
