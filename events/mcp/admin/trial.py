"""“Test connection”: the server that is typed into the form is asked as the monitor would ask it; nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin.pages import admin_page
from events.core.legible import legible
from events.mcp.admin.form import ServerForm
from events.mcp.breaker import Feeds, Health, Outcome
from events.mcp.checking import target_of
from events.mcp.models import McpServer, McpServerState, bound_origins
from events.mcp.probe import Target, new_client, probe
from events.outbound.address import AddressGuard

# What a check depends on; the rest of the form may still be empty or wrong.
ASKED_WITH = (
    *("url", "auth", "auth_header", "secret_ref"),
    *("timeout_s", "degraded_latency_ms", "expected_tools"),
)
NOT_SENT = "The secret was not sent: it may be sent there only when you have saved this. Without it: "

TRIAL = (
    '<button class="button" id="test-connection" formaction="{}" formtarget="_blank" formnovalidate>'
    "Test connection</button> "
    '<span class="help">Asks the server once with what is typed here. Nothing is saved.</span>'
    '<output class="connection-answer" id="connection-shown" for="test-connection"></output>'
)


class Answer(NamedTuple):
    level: str  # of Django's messages
    text: str


def trial_button(server: McpServer) -> SafeString:
    """Return a button that asks what is typed, before it is saved."""
    one = "admin:mcp_mcpserver_trial_of"
    return format_html(TRIAL, reverse(one, args=[server.pk]) if server.pk else reverse("admin:mcp_mcpserver_trial"))


def trial_view(admin: ModelAdmin[Any], request: HttpRequest, id: int | None) -> HttpResponse:
    """Answer the form's button: the script of the form shows the answer there; without it, it is a page."""
    server = None
    if id is not None:
        server = McpServer.objects.filter(pk=id).first()
        if server is None:
            raise Http404
    may = admin.has_change_permission(request, server) if server else admin.has_add_permission(request)
    if request.method != "POST" or not may:
        raise PermissionDenied
    form = admin.get_form(request, server, change=server is not None)(request.POST, instance=server)
    answer = answer_to(cast(ServerForm, form))
    if request.accepts("application/json") and not request.accepts("text/html"):
        return JsonResponse({"level": answer.level, "text": legible(answer.text)})
    return admin_page(admin, request, "connection.html", "Test connection", answer=answer, original=server)


def answer_to(form: ServerForm) -> Answer:
    form.is_valid()
    if problems := list(problems_of(form)):
        return Answer("error", " ".join(problems))
    server = form.instance
    server.state = McpServerState()  # nothing is remembered of it
    not_sent = ""
    if form.binding is not None:  # saving would bind it, and leave a trace of that; a trial leaves none
        server.auth, not_sent = McpServer.Auth.NONE, NOT_SENT
    answer = described(asyncio.run(ask(target_of(server, bound_origins()))))
    return answer._replace(text=not_sent + answer.text)


def problems_of(form: ServerForm) -> Iterator[str]:
    for name in ASKED_WITH:
        if name in form.errors:
            label = form.fields[name].label
            yield from (f"{label}: {error}" for error in form.errors[name])


async def ask(target: Target) -> Outcome:
    async with new_client(AddressGuard.of_settings()) as client:
        return await probe(client, target, deep=True)


def described(outcome: Outcome) -> Answer:
    """Return the outcome in a sentence."""
    latency = f"{outcome.latency_ms:,.0f} ms" if outcome.latency_ms is not None else ""
    if outcome.feeds == Feeds.FAILURE:
        after = f" after {latency}" if latency else ""
        return Answer("error", f"It does not work{after}: {outcome.error}")
    tools = outcome.tool_count
    found = [
        outcome.server_info,
        f"protocol {outcome.protocol_version}" if outcome.protocol_version else "",
        f"{tools} tool{'s' * (tools != 1)}" if tools is not None else "",
        latency,
    ]
    details = ", ".join(filter(None, found))
    asks = " It asks for a credential." if outcome.auth_required else ""
    if outcome.feeds == Feeds.SUCCESS and outcome.health == Health.HEALTHY:
        return Answer("success", f"It works: {details}.{asks}")
    verdict = "It works, but is degraded" if outcome.feeds == Feeds.SUCCESS else "It answers, but tells neither way"
    return Answer("warning", f"{verdict}: {outcome.error.rstrip('.')} ({details}).{asks}")
