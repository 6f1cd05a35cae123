"""What it takes to find the subscriptions that ask for an event: the matcher's index against asking each of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from benchmarks.tables import machine, say, show
from events.filters import Filter, matches, parse
from events.registry import EventType, Field
from subscriptions.matcher import Matcher

COUNTS = (1_000, 10_000, 100_000)
EVENTS = 100  # different ones, all with the same number of matches, so that no cache holds the answer
REPEATS = 30  # the fastest counts: what disturbs only adds
SCANS = 3


def field(name: str, type: str, data_key: str, operator: str) -> Field:
    return Field(name=name, label=name, type=type, data_key=data_key, operator=operator)


TYPE = EventType(
    id="mcp_auto_disabled",
    category="mcp",
    label="MCP server disabled",
    fields=(
        field("mcp_names", "multiselect", "mcp_name", "in"),
        field("severity", "multiselect", "severity", "in"),
        field("min_failure_cycles", "number", "failure_cycles", "gte"),
        field("reason", "text", "reason", "contains"),
    ),
)
SEVERE = ["error", "critical"]


class Workload(NamedTuple):
    name: str
    asked: Callable[[int, int], dict[str, Any]]  # what number i of n subscriptions asks
    event: Callable[[int, int], dict[str, Any]]  # the payload of event number i, for n subscriptions


def by_value(number: int, count: int) -> dict[str, Any]:
    return {"mcp_names": [f"server_{number // 10}", f"own_{number}"]}


def by_bound(number: int, count: int) -> dict[str, Any]:
    return {"min_failure_cycles": number}


def mixed(number: int, count: int) -> dict[str, Any]:
    """Of ten: four ask for a server, three for it with a bound and severities that hold, two with a bound that does
    not; one has a bound of its own."""
    group, kind = divmod(number, 10)
    names = {"mcp_names": [f"server_{group}", f"own_{number}"]}
    if kind < 4:
        return names
    if kind < 9:
        return names | {"min_failure_cycles": 2 * (kind - 4), "severity": SEVERE}
    return {"min_failure_cycles": group * 2 + 1}


def bound_under_popular_value(number: int, count: int) -> dict[str, Any]:
    return {"min_failure_cycles": number, "severity": SEVERE}


def by_popular_value(number: int, count: int) -> dict[str, Any]:
    return {"mcp_names": [f"server_{number % 18}", f"own_{number}"]}


def by_text(number: int, count: int) -> dict[str, Any]:
    return {"reason": f"code {number // 10:06d}"  # ten share a needle, told apart by a bound
            , "min_failure_cycles": number % 10}


def event_of(group: Callable[[int, int], int], cycles: float) -> Callable[[int, int], dict[str, Any]]:
    def event(number: int, count: int) -> dict[str, Any]:
        server = group(number, count)
        return {
            "mcp_name": f"server_{server}",
            "severity": "error",
            "failure_cycles": cycles + number / (2 * EVENTS),
            "reason": f"Auto-disabled after repeated failures: code {server:06d} from upstream",
        }

    return event
