"""Questions about the fleet of MCP servers. An agent is told what its user reads on the page /fleet, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from django_mcpz.server import MCPServer

from events.core.values import timestamp_text
from events.mcp import fleet
from events.mcp.page.listing import IN_TROUBLE, listing
from events.mcp.page.rows import Row, rows_of
from events.mcp.page.whose import TOLD_BY, sees_all_of
from subscriptions.agents.credentials import user_of
from subscriptions.agents.tools.answering import answers, fitting, next_of, offset_of

NAMED = 50  # servers in trouble that a summary names
MOST_LISTED = 200  # servers of one answer, which has room for fewer once they are checked


class Listed(msgspec.Struct, kw_only=True):
    words: Annotated[str, msgspec.Meta(max_length=200, description="Words of the name or title.")] = ""
    in_trouble: Annotated[bool, msgspec.Meta(description="Only servers that need somebody.")] = False
    cursor: Annotated[str, msgspec.Meta(max_length=20, description="“next” of the answer before.")] | None = None


class ServerState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`state` is in words. What the checks saw is there only for those who may see the events that tell it."""

    name: str
    state: str
    status: str
    title: str = ""
    health: str = ""
    circuit: str = ""
    since: str | None = None
    why: str = ""
    last_checked_at: str | None = None
    latency_ms: float | None = None
    last_checks: list[str] = []
    last_change: str = ""


class Servers(msgspec.Struct, kw_only=True):
    """The worst first."""

    servers: list[ServerState]
    next: str | None


class Summary(msgspec.Struct, kw_only=True):
    total: int
    healthy: int
    degraded: int
    unhealthy: int
    inactive: int
    open_circuits: int
    in_trouble: list[str]


def register(server: MCPServer) -> None:
    for tool, description in TOOLS:
        server.tool(description=description, read_only=True)(answers(tool))


def list_mcp_servers(request: HttpRequest, params: Listed) -> Servers:
    sight = Sight(user_of(request))
    known = listing(params.words, in_tags=sight.may_view)
    listed = [each for each in known if not params.in_trouble or each.grade in IN_TROUBLE]
    offset = offset_of(params.cursor, len(listed))
    shown_now = list(fitting([sight.state(row) for row in rows_of(listed[offset : offset + MOST_LISTED])]))
    return Servers(servers=shown_now, next=next_of(offset, len(shown_now), len(listed)))


def fleet_summary(request: HttpRequest) -> Summary:
    counts: dict[str, Any] = {name: count for name, count in fleet.summary().items() if name != "severity"}
    troubled = [each.name for each in listing() if each.grade in IN_TROUBLE]
    return Summary(**counts, in_trouble=troubled[:NAMED])


class Sight:
    """What somebody reads of the fleet."""

    def __init__(self, user: Any) -> None:
        self.may_view = any(user.has_perm(f"mcp.{verb}_mcpserver") for verb in ("view", "change"))
        self.sees_checks = self.may_view or sees_all_of(user, TOLD_BY)

    def state(self, row: Row) -> ServerState:
        told = ServerState(name=row.server.name, title=row.server.title, state=row.label, status=row.server.status)
        told.health, told.circuit = row.state.health_status, row.state.circuit_state
        if self.sees_checks:
            told.since, told.last_checked_at = time_of(row.since), time_of(row.state.last_checked_at)
            told.latency_ms, told.last_checks, told.last_change = row.state.last_latency_ms, list(row.bars), row.change
            told.why = row.why if self.may_view else row.state.last_error_class if row.why else ""
        return told


def time_of(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp_text(moment)


TOOLS = (
    (list_mcp_servers, "List the MCP servers of the fleet with the state of each, the worst first."),
    (fleet_summary, "Tell in numbers how the fleet of MCP servers is, and which servers are in trouble."),
)
