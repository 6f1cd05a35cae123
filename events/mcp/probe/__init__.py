"""One health check of an MCP server, by hand-written JSON-RPC over HTTP: the official client costs seven times the CPU,
and hides what a monitor has to know, such as a 401."""

from __future__ import annotations

from events.mcp.probe.check import probe
from events.mcp.probe.connect import new_client
from events.mcp.probe.target import Auth, Era, Target
from events.mcp.probe.verdict import RATE_LIMITED

__all__ = ["RATE_LIMITED", "Auth", "Era", "Target", "new_client", "probe"]
