"""Finds MCP servers by a few words, from every page."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from events.mcp.models import McpServer
from events.page.search.finders import Found


def servers(request: HttpRequest, text: str) -> Iterator[Found]:
    """Find servers: to who may see them in the admin, with their page there; to others, with their row of the fleet."""
    may_view = any(request.user.has_perm(f"mcp.{verb}_mcpserver") for verb in ("view", "change"))
    for id, name, title in McpServer.objects.order_by("name").values_list("pk", "name", "title"):
        if may_view and request.user.is_staff:
            address = reverse("admin:mcp_mcpserver_change", args=[id])
        else:
            address = f"{reverse('fleet')}?{urlencode({'q': name})}"
        yield Found("MCP server", name, title, address)
