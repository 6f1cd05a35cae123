"""eventhub as an MCP server: agents ask what has happened, and are woken by what matters to them.

`view` answers /mcp, `server` speaks MCP, `credentials` says who calls. `tools` are what an agent can call; `catalogue`,
`polling` and `webhooks` are MCP Events. An agent sees what its user sees, and nothing else.
"""
