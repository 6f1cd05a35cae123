"""A reader of event streams that follows the HTML standard, as an EventSource does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from tests.servers import ServerProcess
from tests.waiting import WITHIN_S

PATH = "/api/v1/events/stream"


class Block(NamedTuple):
    name: str  # empty for an event
    id: str  # the last that came, here or before
    data: Any  # None for a block that raises nothing


class Stream:
    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self._lines = answer.aiter_lines()

    async def receive(self, within: float = WITHIN_S) -> Block:
        """Return the next block, also one that raises nothing."""
        return await asyncio.wait_for(self._next(), within)

    async def event(self) -> Any:
        """Return the next event, which must come before anything else."""
        block = await self.receive()
        assert block.name == "", block
        return block.data

    async def until(self, name: str) -> list[Block]:
        """Return all blocks up to one of this name."""
        blocks = []
        while True:
            blocks.append(await self.receive())
            if blocks[-1].name == name:
                return blocks

    async def ended(self) -> None:
        """Wait until the server ends it; nothing may come before."""
        async with asyncio.timeout(WITHIN_S):
            async for line in self._lines:
                assert not line, line

    async def _next(self) -> Block:
        name = ""
        data: list[str] = []
        async for line in self._lines:
            if not line:
                return Block(name, self.last_id, json.loads("\n".join(data)) if data else None)
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            else:
                assert field == "id", line
                self.last_id = value
        raise AssertionError("the stream ended")


@asynccontextmanager
async def streaming(
    server: ServerProcess, query: str, user: str = "admin", *, headers: dict[str, str] | None = None
) -> AsyncIterator[Stream]:
    """Open a stream, which must begin."""
    if headers is None or "Cookie" not in headers:
        headers = {"Authorization": f"Bearer {server.token(user)}", **(headers or {})}
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
        client.stream("GET", f"{PATH}?{query}", headers=headers) as answer,
    ):
        if answer.status_code != 200:
            raise AssertionError((await answer.aread()).decode())
        yield Stream(answer)
