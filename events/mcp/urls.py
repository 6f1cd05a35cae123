from __future__ import annotations

from django.urls import re_path

from events.mcp.api import McpListView

urlpatterns = [re_path("^mcp-list/?$", McpListView.as_view())]
