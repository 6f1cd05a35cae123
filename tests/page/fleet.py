"""The MCP servers that `used_server` has."""

from __future__ import annotations

from tests.servers import ServerProcess

AWKWARD = 'it\'s $HOME "oracle" `id`'  # for shells and literals
FLEET = ("mysql_mcp", "oracle_mcp", "postgres_mcp", "search_mcp", AWKWARD)


def set_state(server: ServerProcess, name: str, health: str, circuit: str) -> None:
    """Have the monitor's last outcome for this MCP server be so; what tells of it is an event."""
    update = (
        f"UPDATE mcp_mcpserverstate SET health_status = '{health}', circuit_state = '{circuit}' "  # noqa: S608
        f"WHERE server_id = (SELECT id FROM mcp_mcpserver WHERE name = '{name}')"
    )
    server.database.change(update)
