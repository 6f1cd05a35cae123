"""The fleet in the Django admin: servers with their state and history, where secrets may be sent, and
which events are broadcast here."""

from events.mcp.admin import binding, offered_event, server

__all__ = ["binding", "offered_event", "server"]
