"""The server lane on a transport of its own: what is written, and when a peer is let go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from eventhub.server.websocket import lane as lanes
from eventhub.server.websocket.lane import ServerLane, nothing
from subscriptions.outbox.direct import LANE, DirectOutbox
from subscriptions.outbox.frames import Frame
from subscriptions.protocol.endings import Ending
from tests.waiting import aeventually

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class Accepted:
    """A connection that is open, with its peer, which reads nothing unless it is told to."""

    server: ServerLane
    peer: socket.socket
    outbox: DirectOutbox

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        lane = scope["extensions"][LANE]
        await receive()
        await send({"type": "websocket.accept"})
        self.outbox = DirectOutbox(lane)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def fill(self, size: int) -> None:
        """Until so many bytes are unsent."""
        while self.outbox.unsent < size:
            self.outbox.send(Frame("x" * 60_000))
            await asyncio.sleep(0)


@pytest.fixture
async def accepted(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Accepted]:
    monkeypatch.setattr(lanes, "ABORT_AFTER", 0.1)
    accepted = Accepted()
    config = uvicorn.Config(
        accepted.application,
        interface="asgi3",
        ws=ServerLane,
        lifespan="off",
        log_config=None,
        ws_per_message_deflate=False,
    )
    config.load()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        peer = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    ours.setblocking(False)
    accepted.peer = peer
    loop = asyncio.get_running_loop()
    _, accepted.server = await loop.connect_accepted_socket(lambda: ServerLane(config, ServerState(), {}), ours)
    peer.sendall(HANDSHAKE)
    await aeventually(lambda: hasattr(accepted, "outbox"))
    yield accepted
    accepted.server.abort()
    peer.close()
    await aeventually(lambda: accepted.server.disconnected and not accepted.server.tasks)


async def test_before_the_handshake_and_after_the_end_nothing_is_written(accepted: Accepted) -> None:
    assert accepted.server.writer.write is not nothing
    accepted.server.abort()
    await aeventually(lambda: accepted.server.disconnected)
    assert accepted.server.writer.write is nothing
    assert accepted.outbox.unsent == 0


async def test_who_waits_for_a_peer_to_read_goes_on_waiting_when_the_server_drains(accepted: Accepted) -> None:
    """It would ask again and again without a pause, and nothing else would have its turn."""
    await accepted.fill(400_000)
    accepted.server.close(Ending.RESTARTING)
    assert accepted.server.writer.write is nothing
    assert not accepted.server.writable.is_set()


async def test_a_peer_that_ends_its_half_and_reads_nothing_is_let_go(accepted: Accepted) -> None:
    await accepted.fill(1)
    accepted.peer.shutdown(socket.SHUT_WR)
    await aeventually(lambda: accepted.server.transport.is_closing())
    unsent = accepted.outbox.unsent
    accepted.outbox.send(Frame("more"))
    assert accepted.outbox.unsent <= unsent
    await aeventually(lambda: accepted.server.disconnected)


async def test_nothing_follows_the_close_of_a_server_that_is_forced_to_stop(accepted: Accepted) -> None:
    accepted.server.shutdown()
    assert accepted.server.writer.write is nothing
