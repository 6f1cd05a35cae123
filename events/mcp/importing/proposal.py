"""What a file would change here: to be looked at, and then to be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction

from events.broadcast import Broadcast
from events.mcp import announcement
from events.mcp.breaker import Transition
from events.mcp.importing.entry import Entry
from events.mcp.models import McpServer, MonitorLease
from events.mcp.record import broadcast_or_leave_out


class What(StrEnum):
    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    REFUSE = "refuse"


class Change(NamedTuple):
    column: str
    old: Any
    new: Any


class Proposed(NamedTuple):
    name: str
    what: What
    changes: tuple[Change, ...] = ()
    columns: Mapping[str, Any] = {}
    notes: tuple[str, ...] = ()
    reason: str = ""


def propose(entries: Iterable[Entry]) -> list[Proposed]:
    """Return what would be done with each, held to the rules of the admin for addresses and secrets."""
    known = McpServer.objects.in_bulk(field_name="name")
    return [proposed(each, known.get(each.name)) for each in entries]


def proposed(entry: Entry, server: McpServer | None) -> Proposed:
    if entry.refused:
        return Proposed(entry.name, What.REFUSE, reason=entry.refused)
    row = server or McpServer(name=entry.name)
    changes = tuple(
        Change(column, getattr(row, column), new)
        for column, new in entry.columns.items()
        if getattr(row, column) != new
    )
    if server is not None and not changes:
        return Proposed(entry.name, What.SAME)
    for change in changes:
        setattr(row, change.column, change.new)
    try:
        row.full_clean()
    except ValidationError as error:
        return Proposed(entry.name, What.REFUSE, reason="; ".join(error.messages))
    return Proposed(entry.name, What.CHANGE if server else What.ADD, changes, entry.columns, entry.notes)


def carry_out(found: Iterable[Entry], source: str) -> list[Proposed]:
    """Do it, as it would be now. No secret is bound by it: who may bind secrets does that."""
    with transaction.atomic():
        MonitorLease.lock()
        done = propose(found)
        for each in done:
            if each.what in (What.ADD, What.CHANGE):
                save(each, source)
    return done


def save(each: Proposed, source: str) -> None:
    server = McpServer.objects.filter(name=each.name).first() or McpServer(name=each.name)
    is_new = server._state.adding
    for change in each.changes:
        setattr(server, change.column, change.new)
    server.save()
    reference = each.columns.get("secret_ref", server.secret_ref)
    if reference != server.secret_ref:  # a new address has cleared it; where it is sent is for its bindings to say
        server.secret_ref = reference
        server.save(update_fields=["secret_ref"])
    if is_new:
        told = announcement.status(server, Transition("status", "", server.status, "Registered"), "", source)
        broadcast_or_leave_out([Broadcast("mcp_status_change", told, source)])
