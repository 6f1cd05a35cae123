from events.mcp.admin import binding, server

__all__ = ["binding", "server"]
