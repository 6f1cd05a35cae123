"""What checks say of how reliable servers are, kept by the hour; and whether it is maintenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from events.broadcast import Broadcast
from events.mcp.announcement import MONITOR
from events.mcp.breaker import Feeds, Health, Outcome
from events.mcp.models import McpHour, McpReliability, McpServerState
from events.mcp.models.hour import FIGURES, forget
from events.mcp.models.state import seconds
from events.mcp.reliability import tally
from events.mcp.reliability.figures import DAY_HOURS
from events.mcp.reliability.tally import Hour
from events.mcp.reliability.windows import Window, covers

Over = dict[int, list[Hour]]  # hours that have ended, by the server's primary key


def count(row: McpServerState, outcome: Outcome, at: float, windows: Sequence[Window]) -> list[Hour]:
    """Count a check in its hour, which is kept in the row; return the hours that are over. `row` already says when the
    next check is due."""
    counted, over = tally.counted(row.counted, outcome, at, seconds(row.next_check_at), windows)
    row.tally = msgspec.msgpack.encode(counted)
    return over


def keep(over: Over) -> None:
    """Write hours that have ended, and the figures of these servers: once an hour of each."""
    rows = [McpHour.of(server_id, hour) for server_id, hours in over.items() for hour in hours]
    if not rows:
        return
    McpHour.objects.bulk_create(rows, ignore_conflicts=True)
    known = {each.pk: each for each in McpReliability.objects.filter(pk__in=over)}
    figures = []
    for server_id, hours in over.items():
        of_server = known.get(server_id) or McpReliability(server_id=server_id)
        of_server.take(hours)
        figures.append(of_server)
    McpReliability.objects.bulk_create(figures, update_conflicts=True, unique_fields=["server"], update_fields=FIGURES)
    newest = max(row.hour for row in rows)
    if newest % DAY_HOURS == 0:
        forget(over, newest)


def ours(outcome: Outcome) -> Outcome:
    """Return the outcome as it counts while failures are the monitor's own fault: nobody knows how the server was."""
    return replace(outcome, feeds=Feeds.NO) if outcome.feeds == Feeds.FAILURE else outcome


def in_maintenance(outcome: Outcome) -> Outcome:
    """Return the outcome as it counts during maintenance: a failure opens no circuit, and nothing is disabled."""
    if outcome.feeds != Feeds.FAILURE:
        return outcome
    return replace(outcome, feeds=Feeds.NO, health=Health.DEGRADED)


def maintenance_events(
    row: McpServerState, at: float, windows: Mapping[int, Sequence[Window]]
) -> tuple[bool, list[Broadcast]]:
    """Return whether it is maintenance, noted in the row, and what there is to tell if that has begun or ended."""
    quiet = covers(windows.get(row.pk, ()), at)
    if quiet == row.in_maintenance:
        return quiet, []
    row.in_maintenance = quiet
    data: dict[str, Any] = {
        "mcp_name": row.server.name,
        "state": "began" if quiet else "ended",
        "health_status": row.health_status,
        "circuit_state": row.circuit_state,
        "severity": "info",
    }
    return quiet, [Broadcast("mcp_maintenance", data, MONITOR)]
