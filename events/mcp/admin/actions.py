"""What can be done to servers from their list. Each is asked back about, and done by `events.mcp.operations`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from events.admin.pages import shortened
from events.mcp import operations
from events.mcp.breaker import Feeds
from events.mcp.check_now import verdict
from events.mcp.models import McpServer

CONFIRMED = "confirmed"
QUESTIONS = {
    "check_now": "Check these servers now? Each is asked as the monitor asks it, and what is seen counts.",
    "enable": "Enable these servers? They start with fresh counters and are checked at once.",
    "disable": "Disable these servers? They are not checked until somebody enables them.",
    "reset_circuit": "Reset the circuits of these servers? Failures and failed trials are forgotten.",
}
DONE = {"enable": "Enabled", "disable": "Disabled", "reset_circuit": "Circuit reset"}


class FleetActions(admin.ModelAdmin):  # type: ignore[type-arg]
    actions = ("check_now", "enable", "disable", "reset_circuit")

    @admin.action(permissions=["change"], description="Check now")
    def check_now(self, request: HttpRequest, chosen: QuerySet[McpServer]) -> HttpResponse | None:
        if chosen.count() > operations.MAX_CHECKED_BY_HAND:
            text = (
                f"At most {operations.MAX_CHECKED_BY_HAND} servers can be checked by hand; you chose {chosen.count()}."
            )
            self.message_user(request, text, messages.ERROR)
            return None
        if CONFIRMED not in request.POST:
            return self.ask_back(request, chosen, "check_now")
        for done in operations.check_servers(list(chosen.select_related("state")), request.user):  # type: ignore[arg-type]
            failed = done.outcome.feeds != Feeds.SUCCESS
            level = messages.WARNING if failed else messages.SUCCESS
            self.message_user(request, f"Checked {done.server.name}: {verdict(done)}", level)
        return None

    @admin.action(permissions=["change"], description="Enable")
    def enable(self, request: HttpRequest, chosen: QuerySet[McpServer]) -> HttpResponse | None:
        return self.do(request, chosen, "enable")

    @admin.action(permissions=["change"], description="Disable")
    def disable(self, request: HttpRequest, chosen: QuerySet[McpServer]) -> HttpResponse | None:
        return self.do(request, chosen, "disable")

    @admin.action(permissions=["change"], description="Reset circuit")
    def reset_circuit(self, request: HttpRequest, chosen: QuerySet[McpServer]) -> HttpResponse | None:
        return self.do(request, chosen, "reset_circuit")

    def do(self, request: HttpRequest, chosen: QuerySet[McpServer], verb: str) -> HttpResponse | None:
        if CONFIRMED not in request.POST:
            return self.ask_back(request, chosen, verb)
        act = operations.VERBS[verb]
        changed = [server.name for server in chosen if act(server, request.user)]  # type: ignore[arg-type]
        names = shortened(changed) or "none; nothing had to be changed"
        self.message_user(request, f"{DONE[verb]}: {names}.")
        return None

    def ask_back(self, request: HttpRequest, chosen: QuerySet[McpServer], verb: str) -> HttpResponse:
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": QUESTIONS[verb].partition("?")[0] + "?",
            "question": QUESTIONS[verb].partition("? ")[2],
            "verb": verb,
            "servers": chosen.select_related("state"),
            "confirmed": CONFIRMED,
            "checkbox": ACTION_CHECKBOX_NAME,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/mcp/mcpserver/ask_back.html", context)
