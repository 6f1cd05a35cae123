from events.mcp.admin import server

__all__ = ["server"]
