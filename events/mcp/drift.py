"""Whether a server's tools are those that were approved, and what follows if they are not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from events.broadcast import Broadcast
from events.core.legible import cut
from events.mcp.announcement import MONITOR
from events.mcp.breaker import TOOLS_CHANGED, Feeds, Health, Outcome
from events.mcp.fleet import Result
from events.mcp.models import McpServer, McpServerState, ToolList
from events.mcp.models.tool_list import MAX_LISTS, credential_of
from events.mcp.tools.changes import Changes, changes_between
from events.mcp.tools.definitions import FORM, read

FIRST_SEEN = "first seen"  # who has approved what nobody has looked at
CLASS = "tools_changed"  # of the outcome, if a server is degraded for it
# Of what an event names of each kind, so that no server makes its event too large to be told; the counts are whole.
MAX_NAMED = 30  # tools
MAX_NAME = 80  # characters of one of them

Lists = dict[int, list[ToolList]]  # by the server's primary key


class Judged(NamedTuple):
    outcome: Outcome
    events: tuple[Broadcast, ...] = ()
    disables: bool = False


def known_lists(rows: Mapping[int, McpServerState], results: Iterable[Result]) -> Lists:
    """Return the lists of the servers whose tools may have changed, without their definitions. One query, or none."""
    asked = {
        result.server_id
        for result in results
        if (row := rows.get(result.server_id)) is not None
        and result.outcome.tools_fingerprint
        and row.approved_tools != mark_of(row.server, result.outcome)
    }
    found: Lists = {}
    if asked:
        for each in ToolList.objects.light().filter(server__in=asked):
            found.setdefault(each.server_id, []).append(each)
    return found


def mark_of(server: McpServer, outcome: Outcome) -> str:
    """Return what tells one list of tools of a server from every other, of any era and credential."""
    text = "\n".join((outcome.protocol_era, credential_of(server), outcome.tools_fingerprint))
    return hashlib.sha256(text.encode()).hexdigest()


def judged(row: McpServerState, lists: Lists, result: Result, *, quiet: bool = False) -> Judged:
    """Compare the tools that a check saw with those that were approved, keep what is new, and return the outcome as it
    counts, with what there is to tell. While it is quiet, nothing is: it is told by a later check."""
    server, outcome = row.server, result.outcome
    for_tools = is_disabled_for_tools(server)
    if not outcome.tools_fingerprint:
        return Judged(replace(outcome, feeds=Feeds.NO) if for_tools and outcome.feeds == Feeds.SUCCESS else outcome)
    mark = mark_of(server, outcome)
    if row.approved_tools == mark:
        return Judged(outcome)
    of_server = lists.setdefault(server.pk, [])
    credential = credential_of(server)
    known = next(
        (each for each in of_server if (each.era, each.credential) == (outcome.protocol_era, credential)), None
    )
    if known is None:
        known = first_sight(server, of_server, credential, result)
    elif known.seen_fingerprint != outcome.tools_fingerprint:
        see_anew(known, result)
    events = () if quiet else untold(server, known)
    row.approved_tools = mark if known.is_approved and not quiet else ""
    if known.is_approved:
        return Judged(outcome, events)
    return Judged(counted(server, outcome, for_tools), events, disables=server.on_tools_changed == "disable")


def is_disabled_for_tools(server: McpServer) -> bool:
    return server.disabled_by == McpServer.DisabledBy.AUTO and server.status_reason == TOOLS_CHANGED


def counted(server: McpServer, outcome: Outcome, for_tools: bool) -> Outcome:
    """Return the outcome of a check of a server whose tools are not approved."""
    if outcome.feeds != Feeds.SUCCESS or (server.on_tools_changed == "tell" and not for_tools):
        return outcome
    also = f" {outcome.error}" if outcome.error else ""
    return replace(
        outcome,
        health=Health.DEGRADED,
        feeds=Feeds.NO if for_tools else Feeds.SUCCESS,
        error_class=CLASS,
        error=f"Its tools are not those that were approved.{also}",
    )


def first_sight(server: McpServer, others: list[ToolList], credential: str, result: Result) -> ToolList:
    outcome, at = result.outcome, datetime.fromtimestamp(result.at, UTC)
    seen = ToolList(server=server, era=outcome.protocol_era, credential=credential, seen_at=at)
    seen.see(outcome.tools_fingerprint, outcome.tools)
    # The same under another credential or in another era is nothing new.
    like = next((each for each in others if each.approved_fingerprint == seen.seen_fingerprint), None)
    if like is not None:
        seen.approve(like.approved_by, like.approved_at)
    elif server.trusts_first_tools:
        seen.approve(FIRST_SEEN, at)
        seen.is_first = bool(others)
    seen.save()
    for old in others[MAX_LISTS - 1 :]:
        old.delete()
    others.append(seen)
    return seen


def see_anew(known: ToolList, result: Result) -> None:
    outcome = result.outcome
    known.seen_at = datetime.fromtimestamp(result.at, UTC)
    known.see(outcome.tools_fingerprint, outcome.tools)
    if known.form != FORM and not changes_between(known.approved_tools, read(outcome.tools)):
        # Only the canonical form is another one.
        known.form, known.approved_fingerprint, known.seen = FORM, known.seen_fingerprint, b""
    known.is_first = False
    known.save()


def untold(server: McpServer, known: ToolList) -> tuple[Broadcast, ...]:
    """Return the event of a list that was not told of since the last approval, and note that it is now."""
    if known.is_approved and not known.told and not known.is_first:
        return ()
    if not known.tell():
        return ()
    state, changes = "changed", known.changes()
    if known.is_first or not known.approved_fingerprint:
        state, changes = "first_seen", changes._replace(severity="warning")
    elif known.is_approved:
        state = "as_approved"
    known.is_first = False
    known.save(update_fields=["told", "is_first"])
    return (event(server, known, state, changes),)


def event(server: McpServer, tools: ToolList, state: str, changes: Changes) -> Broadcast:
    if state == "first_seen":
        count = len(tools.seen_tools.tools)
        what = f"{count} tool{'s' * (count != 1)} seen for the first time ({tools})"
    else:
        what = str(changes) or "its tools are as approved again"
    data: dict[str, Any] = {
        "mcp_name": server.name,
        "state": state,
        "what": what,
        "added": [cut(name, MAX_NAME) for name in changes.added[:MAX_NAMED]],
        "removed": [cut(name, MAX_NAME) for name in changes.removed[:MAX_NAMED]],
        "changed": [
            {"tool": cut(each.tool, MAX_NAME), "parts": list(each.parts)} for each in changes.changed[:MAX_NAMED]
        ],
        "counts": {name: len(getattr(changes, name)) for name in ("added", "removed", "changed")},
        "instructions_changed": changes.instructions,
        "flags": list(changes.flags),
        "approved": tools.is_approved,
        "protocol_era": tools.era or None,
        "fingerprint": tools.seen_fingerprint,
        "approved_fingerprint": tools.approved_fingerprint or None,
        "severity": changes.severity,
    }
    return Broadcast("mcp_tools_changed", data, MONITOR)
