"""The rows of the fleet: servers, their state, tools, transitions and hours, offered events, maintenance, bindings, the
lease."""

from events.mcp.models.binding import Origins, SecretBinding, bound_origins
from events.mcp.models.hour import McpHour, McpReliability
from events.mcp.models.lease import MonitorLease
from events.mcp.models.maintenance import Maintenance
from events.mcp.models.offered_event import OfferedEvent
from events.mcp.models.server import McpServer, server_names
from events.mcp.models.state import McpServerState
from events.mcp.models.tool_list import ToolList
from events.mcp.models.transition import McpTransition

__all__ = [
    "Maintenance",
    "McpHour",
    "McpReliability",
    "McpServer",
    "McpServerState",
    "McpTransition",
    "MonitorLease",
    "OfferedEvent",
    "Origins",
    "SecretBinding",
    "ToolList",
    "bound_origins",
    "server_names",
]
