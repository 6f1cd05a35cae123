"""The servers that can be called now, as a configuration that MCP clients read; without secrets."""

from __future__ import annotations

from typing import Any

from events.mcp.breaker import Circuit
from events.mcp.models import McpServer


def client_config() -> dict[str, Any]:
    """Return the active servers whose circuit is closed. Who calls one brings a credential of its own."""
    servers = McpServer.objects.filter(status=McpServer.Status.ACTIVE, state__circuit_state=Circuit.CLOSED)
    return {"mcpServers": {each.name: {"type": "http", "url": each.url} for each in servers.order_by("name")}}
