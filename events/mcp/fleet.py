"""The fleet as a whole: whether its failures are our own, and how it is doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any, NamedTuple

from events.mcp.breaker import Circuit, Health, Outcome, State
from events.mcp.models import McpServer

GUARDED_FROM = 3  # servers that are down; a fleet of two is guarded when both are
RECENT_INTERVALS = 2  # an outcome older than so many of the server's own intervals says nothing of now
QUIET_INTERVALS = 2  # for so many it must be over until it is said to be


class Result(NamedTuple):
    """What a check of a server saw, when, and whether the canary answered, if it was asked."""

    server_id: int
    url: str
    outcome: Outcome
    at: float
    canary: bool | None = None


class Latest(NamedTuple):
    """How an active server was at its latest check. `interval` is what lies between two of its checks: an open circuit
    waits longer than the server's own, which is `usual`."""

    down: bool
    checked_at: float
    interval: float
    usual: float = 30.0


def is_down(state: State) -> bool:
    """Say whether a server is down: not by one failed check but by several in a row, and until several in a row have
    succeeded. So what is counted does not flap, whatever a server does."""
    return state.health_status == Health.UNHEALTHY or state.circuit_state != Circuit.CLOSED


def is_ours(latest: Iterable[Latest], now: float, *, was: bool = False) -> str:
    """Return why the servers' failures must be our own fault, such as a network that is cut; empty if they need not be.

    What begins above a half, `was`, ends below a third: near one threshold a steady fleet would cross it again and
    again. As long as most servers have not been checked lately, as when a monitor starts, it stays as it was.
    """
    known = list(latest)
    recent = [each for each in known if abs(now - each.checked_at) <= RECENT_INTERVALS * each.interval]
    down, count = sum(each.down for each in recent), len(recent)
    if 2 * count < len(known):
        return "most servers were not checked lately" if was else ""
    if down >= GUARDED_FROM and 2 * down > count:
        return f"{down} of {count} servers are down at once"
    if down == count == 2:
        return "both servers are down at once"
    if was and count > 1 and 3 * down >= count:
        return f"{down} of {count} servers are still down"
    return ""


def quiet_after(latest: Iterable[Latest]) -> float:
    """Return for how many seconds it must be over until it is said to be."""
    return QUIET_INTERVALS * median([each.usual for each in latest] or [0.0])


def latest() -> dict[int, Latest]:
    """Return the latest state of each active server that has been checked, by its primary key."""
    rows = McpServer.objects.filter(status=McpServer.Status.ACTIVE)
    found = {}
    for pk, usual, health, circuit, checked, following in rows.values_list(
        "pk",
        "check_interval_s",
        "state__health_status",
        "state__circuit_state",
        "state__last_checked_at",
        "state__next_check_at",
    ):
        if checked is not None:
            waits = (following - checked).total_seconds() if following else 0.0
            down = health == Health.UNHEALTHY or circuit != Circuit.CLOSED
            found[pk] = Latest(down, checked.timestamp(), max(usual, waits), usual)
    return found


def summary() -> dict[str, Any]:
    """Return the payload of `mcp_fleet_summary`."""
    rows = McpServer.objects.values_list("status", "state__health_status", "state__circuit_state")
    active = [(health, circuit) for status, health, circuit in rows if status == McpServer.Status.ACTIVE]
    health = Counter(health for health, _ in active)
    counts = {
        "total": len(rows),
        **{name: health[name] for name in ("healthy", "degraded", "unhealthy")},
        "inactive": len(rows) - len(active),
        "open_circuits": sum(circuit == "open" for _, circuit in active),
    }
    troubled = counts["degraded"] or counts["unhealthy"] or counts["open_circuits"]
    return {**counts, "severity": "warning" if troubled else "info"}
