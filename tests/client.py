"""A WebSocket client of another package, as anybody would write one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from tests.servers import ServerProcess
from tests.waiting import STEP_S, WITHIN_S


class Client:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def send_text(self, frame: str | bytes) -> None:
        await self.socket.send(frame)

    async def receive(self, within: float = WITHIN_S) -> Any:
        return json.loads(await asyncio.wait_for(self.socket.recv(), within))

    async def ask(self, action: str, **members: object) -> Any:
        """Send a command and return its reply, which must be the next message."""
        await self.send({"action": action, **members})
        return await self.receive()

    async def subscribe(self, *event_types: str, **filters: object) -> dict[str, Any]:
        reply: dict[str, Any] = await self.ask("subscribe", event_types=list(event_types), filters=filters)
        assert reply["type"] == "subscribed", reply
        return reply

    async def until(self, last: dict[str, Any]) -> list[dict[str, Any]]:
        """Everything up to the event with this data, which must come."""
        messages = []
        while True:
            messages.append(await self.receive())
            if last.items() <= messages[-1].get("data", {}).items():
                return messages

    async def nothing_came_before(self, ping: str = "fence") -> None:
        """Nothing is on its way: the answer to a ping, which keeps its place in the order, comes next."""
        assert (await self.ask("ping", request_id=ping))["request_id"] == ping

    async def passed(self, position: int) -> str:
        """Wait until the server has passed this position: what is asked for from before it is a replay now. Return the
        log's epoch."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                epoch, _, at = (await self.ask("ping", request_id="position"))["position"].partition("-")
                if int(at) >= position:
                    return str(epoch)
                await asyncio.sleep(STEP_S)

    async def closed(self) -> int:
        """Wait until the server closes, and return the code."""
        async with asyncio.timeout(WITHIN_S):
            try:
                while True:
                    await self.socket.recv()
            except websockets.ConnectionClosed as closed:
                assert closed.rcvd is not None, "closed without a close frame"
                return closed.rcvd.code


async def all_passed(server: ServerProcess) -> str:
    """Wait until the server has passed all that its log has, and return the log's epoch."""
    async with connected(server) as client:
        return await client.passed(server.position())


@asynccontextmanager
async def connected(
    server: ServerProcess,
    user: str = "admin",
    *,
    path: str = "/ws/events",
    token: str | None = None,
    **options: Any,
) -> AsyncIterator[Client]:
    token = server.token(user) if token is None else token
    headers = {"Authorization": f"Bearer {token}"}
    url = server.ws_url.replace("/ws/events", path)
    async with websockets.connect(url, additional_headers=headers, proxy=None, **options) as socket:
        yield Client(socket)
