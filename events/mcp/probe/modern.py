"""A question of the modern era, which carries in itself what a handshake would have settled."""

from __future__ import annotations

from typing import Any

from events.mcp.probe.conversation import Conversation
from events.mcp.probe.wire.body import Allowance

MODERN_VERSION = "2026-07-28"
CLIENT = {"name": "eventhub-monitor", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def ask_modern(
    conversation: Conversation, method: str, params: dict[str, Any] | None = None, allowance: Allowance | None = None
) -> dict[str, Any]:
    headers = {"mcp-protocol-version": MODERN_VERSION, "mcp-method": method}
    return await conversation.ask(method, {**(params or {}), "_meta": META}, headers, allowance)
