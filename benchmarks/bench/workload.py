"""What every design is measured with: what is broadcast and what is asked for, by numbers of events and of sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from events.core.limits import LIMITS

EVENT_TYPE = "mcp_status_change"

# Makes an event's message 207 bytes with a position of three digits, the size of the prototypes' figures.
REASON = "Auto-disabled"

BOUNDED_TYPE = "mcp_auto_disabled"  # one that can be asked for by a number bound, too
CYCLES = 9  # of its events

MIXED = 2  # events of the mix for each that all get
LARGE = 4_000  # characters
SELDOM = 200  # events of the mix for one of these
SELDOM_SERVER = "seldom_mcp"


class Workload(NamedTuple):
    """The load client checks that each socket gets the events 0, 1, 2, …"""

    event: Callable[[int], tuple[str, dict[str, Any]]]  # type and payload
    asks: Callable[[int], list[dict[str, Any]]]  # the subscribe commands of a socket


def named(name: str) -> Workload:
    """A line of KINDS; `types-100`: with that number."""
    kind, _, count = name.partition("-")
    return KINDS[kind](int(count or 1))


def event_data(number: int) -> dict[str, Any]:
    """The payload of the event with this number."""
    return {
        "mcp_name": "oracle_mcp",
        "old_status": "active",
        "new_status": "inactive",
        "reason": REASON,
        "severity": "error",
        "n": number,
    }


def mixed_data(number: int) -> dict[str, Any]:
    """An event of `event_data`, a large one of another server, and so on; a seldom one takes a large one's
    place, and is small."""
    data = event_data(number // MIXED)
    if number % MIXED == 0:
        return data
    if number % SELDOM == 1:
        return {**data, "mcp_name": SELDOM_SERVER}
    return {**data, "mcp_name": "large_mcp", "reason": "x" * LARGE}


def bounded_data(number: int) -> dict[str, Any]:
    return {
        "mcp_name": "oracle_mcp",
        "failure_cycles": CYCLES,
        "reason": "Disabled after failing again and again",
        "severity": "critical",
        "n": number,
    }


def subscription(socket: int, event_types: list[str] | None = None) -> dict[str, Any]:
    """What a socket asks. All match; no two filters are the same, so that no index can treat them as one."""
    filters = {"mcp_names": ["oracle_mcp", f"server_{socket}"], "severity": ["error", "critical"]}
    return asking(event_types or [EVENT_TYPE], filters)


def bounded_subscription(socket: int) -> dict[str, Any]:
    """By value, every other one by a number bound; all match."""
    by_value = {"mcp_names": ["oracle_mcp", f"server_{socket}"]}
    return asking([BOUNDED_TYPE], {"min_failure_cycles": socket % CYCLES} if socket % 2 else by_value)


def missed_subscription(number: int) -> dict[str, Any]:
    """The same, no two of them alike; none matches."""
    by_value = {"mcp_names": [f"elsewhere_{number}", f"nowhere_{number}"]}
    return asking([BOUNDED_TYPE], {"min_failure_cycles": CYCLES + number} if number % 2 else by_value)


def asking(event_types: list[str], filters: dict[str, Any]) -> dict[str, Any]:
    return {"action": "subscribe", "event_types": event_types, "filters": filters}


def made_type(number: int) -> str:
    """The id of one of the event types that a benchmark makes."""
    return f"made_{number:04d}"


def status(_: int) -> Workload:
    """What all are measured with unless they say otherwise."""
    return Workload(lambda number: (EVENT_TYPE, event_data(number)), lambda socket: [subscription(socket)])


def nothing(_: int) -> Workload:
    """The same events, for sockets that get them without asking, or ask later."""
    return status(0)._replace(asks=lambda _: [])


def mixed(_: int) -> Workload:
    """One stream; the sockets ask for its small events only."""
    return status(0)._replace(event=lambda number: (EVENT_TYPE, mixed_data(number)))


def bounds(_: int) -> Workload:
    return Workload(lambda number: (BOUNDED_TYPE, bounded_data(number)), lambda socket: [bounded_subscription(socket)])


def missed(each: int) -> Workload:
    """So many subscriptions a socket that none of the events of `bounds` matches."""
    own = bounds(0)
    return own._replace(asks=lambda socket: [missed_subscription(socket * each + 1 + turn) for turn in range(each)])


def types(count: int) -> Workload:
    """Events of so many types by turns; each socket asks for all, in as few subscriptions as may be."""
    ids, most = [made_type(number) for number in range(count)], LIMITS["event_types_per_subscription"]
    return Workload(
        lambda number: (ids[number % count], event_data(number)),
        lambda socket: [subscription(socket, ids[first : first + most]) for first in range(0, count, most)],
    )


def few(count: int) -> Workload:
    """The same events, of which each socket asks for those of the first type: one of as many as there are types."""
    ids = [made_type(number) for number in range(count)]
    return Workload(
        lambda number: (ids[number % count], event_data(number // count)),
        lambda socket: [subscription(socket, ids[:1])],
    )


KINDS = {kind.__name__: kind for kind in (status, nothing, mixed, bounds, missed, types, few)}
