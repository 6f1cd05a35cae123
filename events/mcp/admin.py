from __future__ import annotations

from django.contrib import admin
from django.db import models

from events.mcp.models import McpServer


@admin.register(McpServer)
class McpServerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("name", "title", "url", "status")
    list_filter = ("status",)
    search_fields = ("name", "title", "url")
    fields = ("name", "title", "description", "url", "status")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
