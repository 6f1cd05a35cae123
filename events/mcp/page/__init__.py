"""The page /fleet: all MCP servers on one sheet, the worst first, and what can be done to each.

`rows` is what it says of a server, `views` answers requests. What is done to a server is `events.mcp.operations`.
"""
