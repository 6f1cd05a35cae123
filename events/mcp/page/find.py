"""Finds MCP servers by a few words, from every page."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from events.mcp.models import McpServer
from events.page.search.finders import Found


def servers(request: HttpRequest, text: str) -> Iterator[Found]:
    """Find servers, each with its page, which shows what the reader may see."""
    for id, name, title in McpServer.objects.order_by("name").values_list("pk", "name", "title"):
        yield Found("MCP server", name, title, reverse("eventhub:fleet_server", args=[id]))
