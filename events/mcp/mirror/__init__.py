"""Events of MCP servers (MCP Events), broadcast here: the monitor that leads polls those that an admin has ticked.

`asking` speaks to a server, `keeping` writes down what it says, `mirror` does both for all servers that are due, and
`drafting` makes the event type.
"""
