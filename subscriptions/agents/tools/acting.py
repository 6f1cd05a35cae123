"""Tools that change something. Only those see them whose user has the permission, with a token made for emitting."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest
from django_mcpz.server import MCPServer, ToolError

from events import ingest
from events.access import policy
from events.mcp import operations
from events.mcp.check_now import verdict
from events.mcp.models import McpServer
from events.mcp.page import whose
from events.mcp.page.tools import MAX_LISTS
from subscriptions.agents.credentials import may, user_of
from subscriptions.agents.tools.about_server import Name, OneServer, server_of
from subscriptions.agents.tools.answering import answers

MAY_EMIT, MAY_CHECK, MAY_APPROVE = "events.add_event", "mcp.change_mcpserver", "mcp.approve_tools"
MAX_FINGERPRINT = 64  # characters


class Emitted(msgspec.Struct, kw_only=True):
    type: Annotated[str, msgspec.Meta(max_length=100, description="An event type that may come from outside.")]
    data: Annotated[dict[str, Any], msgspec.Meta(description="The payload.")]
    idempotency_key: str | None = None


class Receipt(msgspec.Struct, kw_only=True):
    """Without an id, the event is of a type that is never logged, or has no place in the log yet."""

    id: str | None
    type: str
    timestamp: str


class Checked(msgspec.Struct, kw_only=True):
    name: str
    verdict: str
    health: str
    circuit: str


class Approval(msgspec.Struct, kw_only=True):
    name: Name
    fingerprints: Annotated[
        list[Annotated[str, msgspec.Meta(max_length=MAX_FINGERPRINT)]],
        msgspec.Meta(min_length=1, max_length=MAX_LISTS, description="Of the lists of tools, from server_health."),
    ]


class Approved(msgspec.Struct, kw_only=True):
    name: str
    verdict: str
    status: str


def register(server: MCPServer) -> None:
    server.tool(
        description="Emit an event: it is kept in the log, and everybody who may see it and has asked for it gets it.",
        read_only=False,
        destructive=False,
        permission=partial(may, permission=MAY_EMIT),
    )(answers(emit_event))
    server.tool(
        description="Check an MCP server now, as the monitor does, and record what was seen. It takes some seconds.",
        read_only=False,
        destructive=False,
        idempotent=True,
        open_world=True,
        permission=partial(may, permission=MAY_CHECK),
    )(answers(check_server_now))
    server.tool(
        description=(
            "Approve the tools of an MCP server that were looked at, and enable it if it was disabled for them. Agents "
            "then trust these tools: ask your user before. The server's page on /fleet shows each change word by word."
        ),
        read_only=False,
        destructive=True,  # so that hosts ask a person
        idempotent=True,
        permission=may_approve,
    )(answers(approve_tools))


def may_approve(request: HttpRequest) -> bool:
    """Say whether the caller may approve tools on the page, too."""
    return may(request, MAY_APPROVE) and whose.may(user_of(request)).approve


def emit_event(request: HttpRequest, params: Emitted) -> Receipt:
    user = user_of(request)
    sent: dict[str, Any] = {"type": params.type, "data": params.data}
    if params.idempotency_key is not None:
        sent["idempotency_key"] = params.idempotency_key
    (receipt,) = ingest.emit([ingest.read(sent, f"agent:{user.get_username()}")], policy.viewer_of(user))
    return Receipt(id=receipt.id, type=receipt.type, timestamp=receipt.timestamp)


def check_server_now(request: HttpRequest, params: OneServer) -> Checked:
    done = operations.check_servers([server_of(params.name)], user_of(request))
    if not done:
        raise ToolError(f"{params.name} was deleted or moved meanwhile.")
    state = done[0].state
    return Checked(
        name=done[0].server.name,
        verdict=verdict(done[0]),
        health=state.health_status.value,
        circuit=state.circuit_state.value,
    )


def approve_tools(request: HttpRequest, params: Approval) -> Approved:
    server = server_of(params.name)
    try:
        is_new = operations.approve_tools(server, user_of(request), params.fingerprints)
    except operations.ToolsChangedMeanwhile as error:
        raise ToolError(str(error)) from None
    status = McpServer.objects.filter(pk=server.pk).values_list("status", flat=True).first()
    if status is None:
        raise ToolError(f"{server.name} was deleted meanwhile.")
    said = f"The tools of {server.name} {'are approved' if is_new else 'were approved already'}."
    return Approved(name=server.name, verdict=said, status=status)
