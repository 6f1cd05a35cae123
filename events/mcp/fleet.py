"""The fleet as a whole: whether its failures are our own, and how it is doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from events.mcp.models import McpServer

GUARDED_FROM = 3  # failing servers; a fleet of two is guarded when both fail
RECENT_INTERVALS = 2  # an outcome older than so many of the server's own intervals says nothing of now


class Latest(NamedTuple):
    """The latest outcome of an active server. `interval` is what lies between two of its checks: an open circuit waits
    longer than the server's own."""

    failed: bool
    checked_at: float
    interval: float


def is_ours(latest: Iterable[Latest], now: float) -> str:
    """Why the servers' failures must be our own fault, such as a network that is cut; empty if they need not be."""
    recent = [each for each in latest if now - each.checked_at <= RECENT_INTERVALS * each.interval]
    failed = sum(each.failed for each in recent)
    if failed >= GUARDED_FROM and failed * 2 > len(recent):
        return f"{failed} of {len(recent)} servers fail at once"
    if failed == len(recent) == 2:
        return "both servers fail at once"
    return ""


def latest() -> dict[int, Latest]:
    """The latest outcome of each active server that has been checked, by its primary key."""
    rows = McpServer.objects.filter(status=McpServer.Status.ACTIVE)
    found = {}
    for pk, interval, failures, checked, following in rows.values_list(
        "pk", "check_interval_s", "state__consecutive_failures", "state__last_checked_at", "state__next_check_at"
    ):
        if checked is not None:
            waits = (following - checked).total_seconds() if following else 0.0
            found[pk] = Latest(failures > 0, checked.timestamp(), max(interval, waits))
    return found


def summary() -> dict[str, Any]:
    """The payload of `mcp_fleet_summary`."""
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
