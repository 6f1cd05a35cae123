"""The fleet in the Django admin: servers with their state and history, and where secrets may be sent."""

from events.mcp.admin import binding, server

__all__ = ["binding", "server"]
