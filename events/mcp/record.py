"""Outcomes and verbs become states, transitions and events: all of it in one transaction, or nothing."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef

from events import registry_cache
from events.broadcast import Broadcast, BroadcastError, broadcast_events
from events.mcp import announcement, breaker, drift, guard, uptime
from events.mcp.breaker import JITTER, Outcome, Transition
from events.mcp.fleet import Result
from events.mcp.models import Maintenance, McpServer, McpServerState, McpTransition, MonitorLease
from events.mcp.models.maintenance import windows_of
from events.mcp.reliability.windows import Window
from events.models import Revision

logger = logging.getLogger(__name__)

MAX_RECORDED = 100  # outcomes in one transaction; each is at most eight events, of which a batch may have a thousand

STATE_COLUMNS = [field.name for field in McpServerState._meta.concrete_fields if not field.primary_key]


Verb = Callable[[breaker.State], tuple[breaker.State, Sequence[Transition]]]


class Recorded(NamedTuple):
    """What became of a server."""

    server: McpServer
    state: breaker.State
    outcome: Outcome
    transitions: Sequence[Transition]


class Known(NamedTuple):
    """What is known of the servers of a batch besides their states, and the hours that it ends."""

    lists: drift.Lists
    windows: dict[int, list[Window]]
    over: uptime.Over
    ours: bool  # whether failures are taken for the monitor's own fault

    @classmethod
    def of(cls, rows: Mapping[int, McpServerState], results: Sequence[Result], *, ours: bool = False) -> Known:
        with_windows = [server_id for server_id, row in rows.items() if row.has_windows]  # type: ignore[attr-defined]
        return cls(drift.known_lists(rows, results), windows_of(with_windows), {}, ours)


class Outcomes(NamedTuple):
    """What became of the servers; whether the fleet guard has tripped."""

    recorded: list[Recorded]
    guarded: bool


def record(results: Sequence[Result], *, epoch: int, every_check: bool) -> Outcomes:
    """Record what the monitor of this epoch has seen, in one transaction. Results of servers that are gone, that an
    admin has disabled or moved elsewhere meanwhile, count for nothing. Raises LeaseLost."""
    with transaction.atomic():
        lease = MonitorLease.lock(epoch)
        rows = locked(result.server_id for result in results)
        tripped, events = guard.judged(lease, rows, results)
        quiet_s = guard.quiet_for(lease, results)
        known = Known.of(rows, results, ours=bool(tripped))
        recorded = []
        for result in results:
            row = rows.get(result.server_id)
            if row is None or row.server.url != result.url or row.server.disabled_by == McpServer.DisabledBy.ADMIN:
                continue
            # What it did while the fault was ours is not held against it.
            may_disable = not tripped and quiet_s >= row.server.min_down_s
            done, told = stepped(row, result, known, may_disable=may_disable, every_check=every_check)
            recorded.append(done)
            events += told
        save([rows[server_id] for server_id in {done.server.pk for done in recorded}])
        uptime.keep(known.over)
        broadcast_or_leave_out(events)
    return Outcomes(recorded, bool(tripped))


def record_manual(result: Result, source: str) -> Recorded | None:
    """Record what a check has seen that somebody asked for. It never disables a server."""
    with transaction.atomic():
        MonitorLease.lock()
        row = locked([result.server_id]).get(result.server_id)
        if row is None or row.server.url != result.url:
            return None
        known = Known.of({row.pk: row}, [result])
        done, told = stepped(row, result, known, may_disable=False, every_check=True, source=source)
        save([row])
        uptime.keep(known.over)
        broadcast_or_leave_out(told)
    return done


def change(server_id: int, verb: Verb, *, username: str, at: float, also: Sequence[Broadcast] = ()) -> bool:
    """Do what an admin asks for; return whether it changed anything. Broadcast `also` in the same transaction."""
    with transaction.atomic():
        MonitorLease.lock()
        row = locked([server_id]).get(server_id)
        if row is None:
            return False
        before = row.as_breaker()
        after, transitions = verb(before)
        if after == before:
            return False
        row.take(after)
        row.save()
        note(row.server, after, transitions, at, by=f" ({username})")
        Revision.bump_registry()  # the monitor looks at it: there may be something to check at once
        source = f"admin:{username}"
        broadcast_or_leave_out(
            [*announcement.changes(row.server, before, after, transitions, at, source=source, actor=username), *also]
        )
    return True


def locked(server_ids: Iterable[int]) -> Mapping[int, McpServerState]:
    """Return the states with their servers, which nobody else changes or deletes until this transaction ends."""
    windows = Maintenance.objects.filter(server=OuterRef("server"))
    rows = McpServerState.objects.select_for_update().select_related("server").annotate(has_windows=Exists(windows))
    return {row.pk: row for row in rows.filter(pk__in=list(server_ids))}


def stepped(
    row: McpServerState,
    result: Result,
    known: Known,
    *,
    may_disable: bool,
    every_check: bool,
    source: str = announcement.MONITOR,
) -> tuple[Recorded, list[Broadcast]]:
    server = row.server
    windows = known.windows
    quiet, events = uptime.maintenance_events(row, result.at, windows)
    tools = drift.judged(row, known.lists, result, quiet=quiet)
    outcome = uptime.in_maintenance(tools.outcome) if quiet else tools.outcome
    before = row.as_breaker()
    after, transitions = breaker.step(
        before, outcome, result.at, server.breaker, may_disable=may_disable, jitter=random.uniform(-JITTER, JITTER)
    )
    if tools.disables and not quiet and source == announcement.MONITOR:
        after, disabled = breaker.disabled_for_tools(after, result.at, server.breaker)
        transitions += disabled
    row.take(after)
    row.saw(outcome, result.at)
    counts = uptime.ours(result.outcome) if known.ours else result.outcome
    if over := uptime.count(row, counts, result.at, windows.get(row.pk, ())):
        known.over.setdefault(row.pk, []).extend(over)
    note(server, after, transitions, result.at)
    if quiet:
        return Recorded(server, after, outcome, transitions), events
    if (days := row.certificate_days(outcome, result.at)) is not None:
        events.append(announcement.certificate(server, days, outcome.certificate_ends))
    if every_check or before.health_status != after.health_status:
        events.append(
            Broadcast("mcp_health_check", announcement.payload_of_check(server, before, after, outcome), source)
        )
    events += announcement.changes(
        server, before, after, transitions, result.at, source=source, actor=announcement.MONITOR, error=outcome.error
    )
    return Recorded(server, after, outcome, transitions), [*events, *tools.events]


def save(rows: Sequence[McpServerState]) -> None:
    # One statement for many rows; bulk_update would compare each column of each row.
    McpServerState.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["server"], update_fields=STATE_COLUMNS
    )


def note(
    server: McpServer, state: breaker.State, transitions: Sequence[Transition], at: float, *, by: str = ""
) -> None:
    """Keep the history, and the status with its reason in the server's own row."""
    time = datetime.fromtimestamp(at, UTC)
    if transitions:
        McpTransition.objects.bulk_create(
            McpTransition(server=server, at=time, axis=each.axis, old=each.old, new=each.new, reason=each.reason + by)
            for each in transitions
        )
        McpTransition.objects.prune(server)
    if (server.status, server.disabled_by) != (state.status.value, state.disabled_by.value):
        server.status, server.disabled_by = state.status.value, state.disabled_by.value
        server.status_reason = next((each.reason for each in transitions if each.axis == "status"), "Disabled") + by
        server.save(update_fields=["status", "status_reason"])


def broadcast_or_leave_out(events: Iterable[Broadcast]) -> None:
    """Broadcast them, but for those of types that an admin has switched off, or made refuse them: the state of servers
    is written all the same."""
    types = registry_cache.current().types
    events = [event for event in events if event.event_type not in types or types[event.event_type].active]
    while events:
        try:
            broadcast_events(events)
        except BroadcastError as error:
            logger.warning("A %s event is left out: %s", events[error.index].event_type, error)
            del events[error.index]
        else:
            return
