"""A server's newest transitions, shown below its form."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format

from events.mcp.models import McpTransition

SHOWN = 50  # newest transitions of a server; a flapping one has thousands


class TransitionInline(admin.TabularInline):  # type: ignore[type-arg]
    model = McpTransition
    verbose_name_plural = f"last {SHOWN} changes"
    fields = readonly_fields = ("time", "axis", "old", "new", "reason")
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpTransition]:
        match = request.resolver_match
        server = match.kwargs.get("object_id") if match else None
        if server is None or not server.isdecimal():
            return McpTransition.objects.none()
        newest = McpTransition.objects.filter(server=server).values_list("pk", flat=True)[:SHOWN]
        return super().get_queryset(request).filter(pk__in=list(newest))

    @admin.display(description="time")
    def time(self, transition: McpTransition) -> str:
        return date_format(transition.at, "DATETIME_FORMAT")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
