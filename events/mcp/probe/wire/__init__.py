"""JSON-RPC over HTTP as an MCP server speaks it, bounded whatever it sends.

`exchange` sends one message and reads the answer, `stream` and `event_stream` read server-sent events.
"""
