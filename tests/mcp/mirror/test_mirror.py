"""Which servers are asked for their events: as an admin wants it at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from events.mcp.mirror import keeping
from events.mcp.mirror import mirror as module
from events.mcp.mirror.asking import Answer
from events.mcp.mirror.mirror import Mirror
from events.mcp.models import McpServer, McpServerState, OfferedEvent
from tests.waiting import WITHIN_S


def server(**changed: Any) -> McpServer:
    hub = McpServer(**{"pk": 1, "name": "hub", "url": "http://127.0.0.1:9/mcp", "status": "active", **changed})
    McpServerState(server=hub)
    return hub


class Asked:
    """A server whose admin changes it while it is asked for the first of its events."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.change: Callable[[], Any]

    async def poll(self, name: str, cursor: str) -> Answer:
        self.names.append(name)
        await self.change()
        return Answer([], 0, "c", truncated=False, has_more=False, next_poll_s=5)


@pytest.mark.parametrize(
    ("servers", "asked"),
    [
        ([server()], ["first", "second"]),
        ([server(status="inactive")], ["first"]),
        ([server(url="http://127.0.0.1:9/other")], ["first"]),
        ([], ["first"]),
    ],
)
async def test_a_server_that_an_admin_changes_is_not_asked_on_as_it_was(
    servers: list[McpServer], asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, due = Asked(), [OfferedEvent(pk=each, name=each, server=server()) for each in ("first", "second")]

    @asynccontextmanager
    async def visiting(*_: object) -> AsyncIterator[Asked]:
        yield hub

    async def ask(question: object, *_: object) -> object:
        found = due[:] if question is keeping.due else True
        if question is keeping.due:
            due.clear()
        return found

    monkeypatch.setattr(module, "visiting", visiting)
    async with httpx.AsyncClient() as client, asyncio.timeout(WITHIN_S):
        mirror = Mirror(1, ask, client)
        hub.change = lambda: mirror.begin_due(servers, {})
        before = asyncio.all_tasks()
        await mirror.begin_due([server()], {})
        await asyncio.gather(*asyncio.all_tasks() - before)
    assert hub.names == asked
