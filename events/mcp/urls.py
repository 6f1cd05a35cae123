from __future__ import annotations

from django.urls import path

from events.mcp.api import McpListView

urlpatterns = [path("mcp-list", McpListView.as_view())]
