"""What an agent is told of one MCP server: how it is and was, and whether its tools are those that were approved."""

from __future__ import annotations

from typing import Annotated

import msgspec
from django.http import HttpRequest
from django_mcpz.server import MCPServer, ToolError

from events.core.legible import cut
from events.core.problems import shown
from events.core.suggestion import did_you_mean
from events.core.values import timestamp_text
from events.mcp.http.described import uptime
from events.mcp.models import McpReliability, McpServer, McpTransition, ToolList
from events.mcp.page.rows import row_of
from events.mcp.page.tools import MAX_LISTS
from subscriptions.agents.credentials import user_of
from subscriptions.agents.tools.about_fleet import ServerState, Sight, time_of
from subscriptions.agents.tools.answering import MAX_ANSWER, answers, fitting

RECENT_CHANGES = 20  # of one server
NAMES, MAX_NAME = 15, 60  # tools of a list that are named as added, removed or changed, and characters of a name
FOR_CHANGES, FOR_TOOLS = MAX_ANSWER // 2, 14 * 1024  # bytes; one list of tools takes 13 KiB at most

Name = Annotated[str, msgspec.Meta(max_length=100, description="The name of an MCP server.")]


class OneServer(msgspec.Struct, kw_only=True):
    name: Name


class Change(msgspec.Struct, kw_only=True):
    at: str
    what: str
    old: str
    new: str
    reason: str


class ChangedTool(msgspec.Struct, kw_only=True):
    name: str
    parts: list[str]


class Tools(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The tools that a server shows to one credential in one era of MCP, and how they differ from those approved.
    `differs` counts all; the names are of the first of them."""

    protocol_era: str
    credential: str = ""
    approved: bool
    approved_by: str = ""
    approved_at: str | None = None
    seen_at: str
    fingerprint: str
    differs: str = ""
    severity: str = ""
    flags: list[str] = []
    added: list[str] = []
    removed: list[str] = []
    changed: list[ChangedTool] = []


class Health(msgspec.Struct, kw_only=True):
    """`uptime` has shares of 1, and percentiles of latency in ms, as far as they are known. `recent_changes` has the
    newest first, `tools` what waits for an approval."""

    server: ServerState
    uptime: dict[str, float | None]
    recent_changes: list[Change]
    tools: list[Tools]


def register(server: MCPServer) -> None:
    description = (
        "Tell how one MCP server is: its state, circuit, last checks, uptime and recent changes, and whether its tools "
        "are those that were approved."
    )
    server.tool(description=description, read_only=True)(answers(server_health))


def server_health(request: HttpRequest, params: OneServer) -> Health:
    sight = Sight(user_of(request))
    server = server_of(params.name)
    changes = list(McpTransition.objects.filter(server=server)[:RECENT_CHANGES]) if sight.sees_checks else []
    row = row_of(server, changes[0] if changes else None)
    return Health(
        server=sight.state(row),
        uptime=uptime_of(server) if sight.sees_checks else {},
        recent_changes=list(fitting([change_of(each, sight) for each in changes], FOR_CHANGES)),
        tools=list(fitting(tools_of(server), FOR_TOOLS)) if sight.may_view else [],
    )


def uptime_of(server: McpServer) -> dict[str, float | None]:
    figures, _ = McpReliability.as_of_now(getattr(server, "reliability", None), server.state.counted)
    return uptime(figures)


def change_of(change: McpTransition, sight: Sight) -> Change:
    reason = change.reason if sight.may_view else ""
    return Change(at=timestamp_text(change.at), what=change.axis, old=change.old, new=change.new, reason=reason)


def tools_of(server: McpServer) -> list[Tools]:
    """Return the server's lists of tools, those first that wait to be approved."""
    rows = sorted(ToolList.objects.filter(server=server).light(), key=lambda row: row.is_approved)
    return [tools_of_list(row) for row in rows[:MAX_LISTS]]


def tools_of_list(row: ToolList) -> Tools:
    changes = row.changes()
    return Tools(
        protocol_era=row.era,
        credential=row.credential,
        approved=row.is_approved,
        approved_by=row.approved_by,
        approved_at=time_of(row.approved_at),
        seen_at=timestamp_text(row.seen_at),
        fingerprint=row.seen_fingerprint,
        differs=str(changes),
        severity=changes.severity if changes else "",
        flags=list(changes.flags),
        added=[cut(name, MAX_NAME) for name in changes.added[:NAMES]],
        removed=[cut(name, MAX_NAME) for name in changes.removed[:NAMES]],
        changed=[
            ChangedTool(name=cut(each.tool, MAX_NAME), parts=list(each.parts)) for each in changes.changed[:NAMES]
        ],
    )


def server_of(name: str) -> McpServer:
    """Return a server. Raises ToolError, which names similar ones."""
    known = {server.name: server for server in McpServer.objects.select_related("state")}
    if name not in known:
        raise ToolError(f"There is no MCP server {shown(name)}{did_you_mean(name, known)}; list_mcp_servers names all.")
    return known[name]
