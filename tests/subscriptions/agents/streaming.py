"""Agents that hold streams open at a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.servers import ServerProcess
from tests.subscriptions.agents.calling import META, MODERN

WITHIN_S = 60.0


class Stream:
    """One `events/stream`, read as it comes: only `data:` lines, and empty ones."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(WITHIN_S):
            async for line in self._lines:
                if line.strip(":"):
                    field, _, text = line.partition(": ")
                    assert field == "data", line
                    return json.loads(text)  # type: ignore[no-any-return]
        raise AssertionError("the stream ended")

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """Return what comes up to a notification of a kind, by kind and parameters."""
        got: list[dict[str, Any]] = []
        while not got or got[-1]["method"] != f"notifications/events/{kind}":
            got.append(await self.next())
            assert got[-1]["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": "s1"}
        return [each["params"] for each in got]


@asynccontextmanager
async def streaming(
    server: ServerProcess, params: dict[str, Any], user: str = "admin", method: str = "events/stream"
) -> AsyncIterator[httpx.Response]:
    message = {"jsonrpc": "2.0", "id": "s1", "method": method, "params": {**params, "_meta": META}}
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if user:
        headers["Authorization"] = f"Bearer {server.token(user)}"
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=WITHIN_S, trust_env=False) as client,
        client.stream("POST", "/mcp", json=message, headers=headers) as answer,
    ):
        yield answer
