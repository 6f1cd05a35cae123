"""The page of an MCP server in the admin, with its state as the monitor has seen it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.editing.merging_admin import MergingAdmin
from events.mcp import operations
from events.mcp.admin import changes
from events.mcp.admin.actions import FleetActions
from events.mcp.admin.form import ServerForm
from events.mcp.admin.history import TransitionInline
from events.mcp.admin.maintenance import MaintenanceInline
from events.mcp.admin.trial import trial_button, trial_view
from events.mcp.admin.upload import upload_view
from events.mcp.models import McpServer, MonitorLease
from events.mcp.page.rows import row_of

NO_MONITOR = "No monitor is running, so nothing is checked: start manage.py monitor_mcps."
MOVED = "It has another scheme, host or port now, so its secret was cleared: enter the reference again if it is right."
BOUND = "{} may be sent to {} from now on. “Secret bindings” has all of these."
SEVERITY = {"unhealthy": "error", "degraded": "warning", "open": "error", "half_open": "warning", "inactive": "warning"}
STATE_FIELDS = (
    "health", "circuit", "last_checked", "latency", "next_check", "last_error", "last_results", "speaks", "reason",
)  # fmt: skip


@admin.register(McpServer)
class McpServerAdmin(FleetActions, MergingAdmin):
    form = ServerForm
    # Else a secret that was entered for one address could be sent to another, which somebody has saved meanwhile.
    together = (("url", "auth", "auth_header", "secret_ref"),)
    list_display = ("name", "shown_status", "health", "circuit", "latency", "last_checked", "next_check", "last_error")
    list_filter = ("status", "state__health_status", "state__circuit_state")
    list_select_related = ("state",)
    search_fields = ("name", "title", "url", "tags")
    inlines = (MaintenanceInline, TransitionInline)
    readonly_fields = (*STATE_FIELDS, "connection")
    fieldsets = (
        (None, {"fields": ("name", "url", "title", "description", "status", "tags", "public_name")}),
        ("Its secret", {"fields": ("auth", "auth_header", "secret_ref")}),
        ("Checks", {"fields": ("check_interval_s", "timeout_s", "degraded_latency_ms", "expected_tools")}),
        ("Tools", {"fields": ("on_tools_changed", "trusts_first_tools")}),
        ("Health", {"classes": ("collapse",), "fields": ("fall", "rise")}),
        (
            "Circuit",
            {
                "classes": ("collapse",),
                "fields": ("failure_threshold", "open_base_s", "open_max_s", "half_open_successes"),
            },
        ),
        (
            "Disabling and enabling by itself",
            {
                "classes": ("collapse",),
                "fields": ("auto_disable", "max_failure_cycles", "min_down_s", "auto_reenable", "recovery_interval_s"),
            },
        ),
    )

    class Media:
        css = {"all": ("events/admin.css",)}
        js = (Script("events/admin_connection.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.trial_view)
        own = [
            path("import/", self.admin_site.admin_view(self.upload_view), name="mcp_mcpserver_import"),
            path("test-connection/", view, name="mcp_mcpserver_trial"),
            path("<int:id>/test-connection/", view, name="mcp_mcpserver_trial_of"),
        ]
        return own + super().get_urls()

    def trial_view(self, request: HttpRequest, id: int | None = None) -> HttpResponse:
        return trial_view(self, request, id)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        return upload_view(self, request)

    def get_fieldsets(self, request: HttpRequest, obj: McpServer | None = None) -> Any:
        seen = (("How it is doing", {"fields": STATE_FIELDS}),) if obj else ()
        may_try = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        trial = (("Does it answer?", {"fields": ("connection",)}),) if may_try else ()
        return (*self.fieldsets[:1], *seen, *self.fieldsets[1:2], *trial, *self.fieldsets[2:])

    def get_readonly_fields(self, request: HttpRequest, obj: McpServer | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "name") if obj else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: McpServer | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user  # type: ignore[attr-defined]  # the class is made for this request
        return form

    def get_inlines(self, request: HttpRequest, obj: McpServer | None) -> Any:
        return self.inlines if obj else ()

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]]:
        message = super().construct_change_message(request, form, formsets, add)
        changes.add_values(message, form)
        return message

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        response = super().history_view(request, object_id, extra_context)
        for entry in getattr(response, "context_data", {}).get("action_list", ()):
            entry.get_change_message = partial(changes.in_words, entry, entry.get_change_message())
        return response

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.method == "GET" and not MonitorLease.is_held():
            self.message_user(request, NO_MONITOR, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def lock(self, id: Any) -> None:
        MonitorLease.lock()  # before the rows of servers, as the monitor does
        super().lock(id)

    def save_model(self, request: HttpRequest, obj: McpServer, form: forms.ModelForm[Any], change: bool) -> None:
        MonitorLease.lock()  # before the rows of servers, as the monitor does
        kept = cast(ServerForm, form)
        if kept.keep():
            self.message_user(request, MOVED, messages.WARNING)
        if kept.binding:
            self.message_user(request, BOUND.format(*kept.binding), messages.WARNING)

    def delete_model(self, request: HttpRequest, obj: McpServer) -> None:
        self.delete([obj], request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[McpServer]) -> None:
        self.delete(list(queryset), request)

    def delete(self, servers: Iterable[McpServer], request: HttpRequest) -> None:
        with transaction.atomic():  # the list's own action begins none
            MonitorLease.lock()
            for server in servers:
                server.delete()
                operations.deleted(server, request.user)  # type: ignore[arg-type]

    @admin.display(description="status", ordering="status")
    def shown_status(self, server: McpServer) -> SafeString:
        by = f" ({server.get_disabled_by_display()})" if server.disabled_by else ""
        return coloured(server.status, f"{server.status}{by}")

    @admin.display(description="health", ordering="state__health_status")
    def health(self, server: McpServer) -> SafeString:
        return coloured(server.state.health_status)

    @admin.display(description="circuit", ordering="state__circuit_state")
    def circuit(self, server: McpServer) -> SafeString:
        state = server.state
        trials = "trial" if state.failure_cycles == 1 else "trials"
        more = f", {state.failure_cycles} failed {trials}" if state.failure_cycles else ""
        return coloured(state.circuit_state, state.get_circuit_state_display() + more)

    @admin.display(description="latency", ordering="state__last_latency_ms")
    def latency(self, server: McpServer) -> str:
        latency = server.state.last_latency_ms
        return "–" if latency is None else f"{latency:,.0f} ms"

    @admin.display(description="last check", ordering="state__last_checked_at")
    def last_checked(self, server: McpServer) -> str:
        return shown_time(server.state.last_checked_at)

    @admin.display(description="next check", ordering="state__next_check_at")
    def next_check(self, server: McpServer) -> str:
        if server.disabled_by == McpServer.DisabledBy.ADMIN:
            return "never: disabled"
        return shown_time(server.state.next_check_at, "soon")

    @admin.display(description="last error", ordering="state__last_error_class")
    def last_error(self, server: McpServer) -> str:
        return server.state.last_error or "–"

    @admin.display(description="last checks")
    def last_results(self, server: McpServer) -> SafeString | str:
        """Return a bar for each of the last results, the newest on the right."""
        row = row_of(server, None)
        bars = format_html_join("", '<i class="{}"></i>', ((bar,) for bar in row.bars))
        words = row.checks_in_words
        return format_html(
            '<span class="bars" role="img" aria-label="{}" title="{}">{}</span> {}', words, words, bars, words
        )

    @admin.display(description="speaks")
    def speaks(self, server: McpServer) -> str:
        state = server.state
        tools = f"{state.tool_count} tools" if state.tool_count is not None else ""
        asks = "asks for a credential" if state.auth_required else ""
        told = [state.server_info, f"protocol {state.protocol_version}" if state.protocol_version else "", tools, asks]
        return ", ".join(filter(None, told)) or "–"

    @admin.display(description="connection")
    def connection(self, server: McpServer) -> SafeString:
        return trial_button(server)

    @admin.display(description="why this status")
    def reason(self, server: McpServer) -> str:
        return server.status_reason or "–"


def coloured(word: str, text: str = "") -> SafeString:
    return format_html('<span class="severity-{}">{}</span>', SEVERITY.get(word, "info"), text or word)


def shown_time(at: Any, otherwise: str = "never") -> str:
    return date_format(at, "DATETIME_FORMAT") if at else otherwise
