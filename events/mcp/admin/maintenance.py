"""A server's windows of maintenance, below its form."""

from __future__ import annotations

from django.contrib import admin

from events.mcp.models import Maintenance


class MaintenanceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Maintenance
    fields = ("starts_at", "ends_at", "weekday", "at", "lasts", "zone", "note", "created_by")
    readonly_fields = ("created_by",)
    extra = 0
