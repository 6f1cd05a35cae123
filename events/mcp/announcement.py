"""What happens to servers, as events: which, in which order, with which payload."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from events.broadcast import Broadcast
from events.core.values import timestamp_text
from events.mcp import breaker
from events.mcp.breaker import Circuit, Feeds, Health, Outcome, Transition
from events.mcp.models import McpServer
from events.mcp.models.state import CERTIFICATE_DAYS, moment

MONITOR = "mcp.monitor"  # the source of what the monitor tells, and the actor in it

CIRCUIT_SEVERITY = {Circuit.CLOSED: "info", Circuit.HALF_OPEN: "warning", Circuit.OPEN: "error"}


def time_text(seconds: float | None) -> str | None:
    at = moment(seconds)
    return None if at is None else timestamp_text(at)


def payload_of_check(
    server: McpServer, before: breaker.State, after: breaker.State, outcome: Outcome
) -> dict[str, Any]:
    """Return the payload of `mcp_health_check`. `health_status` is what this check saw; `changed` tells whether the
    server's own health is another one now, which takes several failures or successes in a row."""
    return {
        "mcp_name": server.name,
        "health_status": outcome.health.value,
        "previous_health_status": before.health_status.value,
        "changed": before.health_status != after.health_status,
        "check": outcome.check.value,
        "latency_ms": None if outcome.latency_ms is None else round(outcome.latency_ms, 1),
        "consecutive_failures": after.consecutive_failures,
        "error_class": outcome.error_class or None,
        "error": outcome.error or None,
        "protocol_version": outcome.protocol_version or None,
        "tool_count": outcome.tool_count,
        "auth_required": outcome.auth_required,
        "severity": severity_of(after, outcome),
    }


def severity_of(after: breaker.State, outcome: Outcome) -> str:
    if outcome.feeds == Feeds.FAILURE:
        return "error" if after.health_status == Health.UNHEALTHY else "warning"
    return "info" if outcome.health == Health.HEALTHY else "warning"


def circuit(
    server: McpServer, before: breaker.State, after: breaker.State, change: Transition, now: float
) -> dict[str, Any]:
    """Return the payload of `circuit_breaker_state`."""
    open_until = after.open_until if change.new == Circuit.OPEN else None
    # A circuit may become half open and open again by one failed check: only the latter counts that failure.
    at = before if change.new == Circuit.HALF_OPEN and after.circuit_state != Circuit.HALF_OPEN else after
    return {
        "mcp_name": server.name,
        "old_state": change.old,
        "new_state": change.new,
        "state": change.new,
        "failure_count": at.consecutive_failures,
        "failure_cycles": at.failure_cycles,
        "open_until": time_text(open_until),
        "retry_after_s": None if open_until is None else max(0, round(open_until - now)),
        "reason": change.reason or None,
        "severity": CIRCUIT_SEVERITY[Circuit(change.new)],
    }


def auto_disabled(server: McpServer, after: breaker.State, error: str, now: float) -> dict[str, Any]:
    """Return the payload of `mcp_auto_disabled`."""
    return {
        "mcp_name": server.name,
        "reason": f"{after.failure_cycles} failed trials of an open circuit",
        "failure_cycles": after.failure_cycles,
        "max_failure_cycles": server.max_failure_cycles,
        "down_seconds": round(now - (after.down_since or now)),
        "last_error": error or None,
        "next_probe_at": time_text(after.next_check_at),
        "severity": "critical",
    }


def status(server: McpServer, change: Transition, disabled_by: str, actor: str) -> dict[str, Any]:
    """Return the payload of `mcp_status_change`; a server that is new has no old status."""
    severity = "info"
    if change.new == McpServer.Status.INACTIVE:
        severity = "error" if disabled_by == McpServer.DisabledBy.AUTO else "warning"
    return {
        "mcp_name": server.name,
        **({"old_status": change.old} if change.old else {}),
        "new_status": change.new,
        "reason": change.reason,
        "disabled_by": disabled_by or None,
        "actor": actor,
        "severity": severity,
    }


def changes(
    server: McpServer,
    before: breaker.State,
    after: breaker.State,
    transitions: Iterable[Transition],
    now: float,
    *,
    source: str,
    actor: str,
    error: str = "",
) -> list[Broadcast]:
    """Return the events of what changed, in the order in which it did; those of health are the checks themselves."""
    events = []
    for change in transitions:
        if change.axis == "circuit":
            events.append(Broadcast("circuit_breaker_state", circuit(server, before, after, change, now), source))
        elif change.axis == "status":
            if after.disabled_by == breaker.DisabledBy.AUTO and change.reason != breaker.TOOLS_CHANGED:
                events.append(Broadcast("mcp_auto_disabled", auto_disabled(server, after, error, now), source))
            told = status(server, change, after.disabled_by.value, actor)
            events.append(Broadcast("mcp_status_change", told, source))
    return events


def certificate(server: McpServer, days: int, ends: float | None) -> Broadcast:
    """Return the `certificate_expires` of a server."""
    severity = "error" if days <= CERTIFICATE_DAYS[0] else "warning"
    data = {"mcp_name": server.name, "days": days, "ends_at": time_text(ends), "severity": severity}
    return Broadcast("certificate_expires", data, MONITOR)


def guard(tripped: str) -> Broadcast:
    """Return a `component_health` of the monitor: why the fleet guard has tripped, or, if that is empty, that it is
    over."""
    old, new = ("up", "degraded") if tripped else ("degraded", "up")
    detail = (
        f"{tripped}: the fault seems to be the monitor's own, so no server is disabled automatically"
        if tripped
        else "the fault that seemed to be the monitor's own is over"
    )
    severity = "error" if tripped else "info"
    data = {"component": "monitor", "old_state": old, "new_state": new, "detail": detail, "severity": severity}
    return Broadcast("component_health", data, MONITOR)
