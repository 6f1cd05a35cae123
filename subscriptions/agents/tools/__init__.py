"""What an agent can call: questions about what has happened and about the fleet, and tools that change something.

Each answers a struct, of at most MAX_ANSWER bytes. What others wrote, such as payloads, is data in it and nowhere else.
"""

from __future__ import annotations

from django_mcpz.server import MCPServer

from subscriptions.agents.tools import about_events, about_fleet, about_server, acting


def register_all(server: MCPServer) -> None:
    for each in (about_events, about_fleet, about_server, acting):
        each.register(server)
