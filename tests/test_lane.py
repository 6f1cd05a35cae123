"""The server lane rests on uvicorn's inside: these tests tell when that has changed, and what the lane is for."""

from __future__ import annotations

import asyncio
import inspect
import select
import socket

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from tests.client import connected
from tests.servers import ServerProcess
from tests.waiting import aeventually


def test_the_base_class_has_the_shape_that_the_lane_rests_on() -> None:
    assert inspect.iscoroutinefunction(WebSocketsSansIOProtocol.run_asgi)
    assert list(inspect.signature(WebSocketsSansIOProtocol.run_asgi).parameters) == ["self"]
    assert list(inspect.signature(WebSocketsSansIOProtocol.keepalive_timeout).parameters) == ["self"]
    assert '"extensions": {' in inspect.getsource(WebSocketsSansIOProtocol.handle_connect)
    assert "self.transport.close()" in inspect.getsource(WebSocketsSansIOProtocol.keepalive_timeout)


def peer_that_never_reads(server: ServerProcess) -> socket.socket:
    """A raw client that shakes hands, subscribes to everything, and then never reads again."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", server.ports[0]))
    peer.sendall(
        b"GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + server.token("admin").encode() + b"\r\n\r\n"
    )
    assert b"101 Switching Protocols" in peer.recv(4096)
    command = b'{"action": "subscribe", "event_types": ["user_action"]}'
    peer.sendall(bytes([0x81, 0x80 | len(command)]) + bytes(4) + command)  # masked with zeros
    assert b"subscribed" in peer.recv(4096)
    return peer


async def test_a_peer_that_never_reads_is_dropped_and_others_do_not_notice(server: ServerProcess) -> None:
    code = (
        "from events.broadcast import *;"
        "[broadcast_events([Broadcast('user_action', {'action_type': 'added', 'text': 'x' * 60000})] * 10)"
        " for _ in range(20)]"
    )
    with peer_that_never_reads(server) as peer:
        async with connected(server, max_queue=None) as healthy:
            await healthy.subscribe("user_action")
            publishing = asyncio.create_task(asyncio.to_thread(server.manage, "shell", "--no-imports", "-c", code))
            for _ in range(200):
                assert (await healthy.receive())["type"] == "user_action"
            await publishing
            # Not closed, which would wait for it to read, but gone: the kernel has reset the connection.
            await aeventually(lambda: not is_open(peer), within=30)
            await healthy.nothing_came_before()
    assert "too slow" in server.log


def is_open(peer: socket.socket) -> bool:
    poll = select.poll()
    poll.register(peer, 0)  # errors and hang-ups alone
    return not poll.poll(0)
