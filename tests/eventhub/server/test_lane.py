"""The server lane rests on uvicorn's inside: these tests tell when that has changed, and what the lane is for."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import select
import socket
from collections.abc import Iterator

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Base
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from tests.client import connected
from tests.conftest import MakeServer
from tests.emitting import emit, emit_text
from tests.faults.publishing import publishing
from tests.servers import PLAIN, ServerProcess
from tests.waiting import WITHIN_S, aeventually


@pytest.mark.lane
def test_the_base_class_has_the_shape_that_the_lane_rests_on() -> None:
    assert inspect.iscoroutinefunction(Base.run_asgi)
    assert list(inspect.signature(Base.run_asgi).parameters) == ["self"]
    assert list(inspect.signature(Base.keepalive_timeout).parameters) == ["self"]
    assert '"extensions": {' in inspect.getsource(Base.handle_connect)
    assert "self.transport.close()" in inspect.getsource(Base.keepalive_timeout)
    send = inspect.getsource(Base.send)
    assert "await self.writable.wait()" in send
    assert send.index("self.handshake_complete = True") < send.index("self.start_keepalive()")
    _, accepted, afterwards = send.partition("elif not self.close_sent and self.initial_response is None:")
    assert accepted
    assert not re.search(r"self\.(scope|request|response)\b", afterwards)
    assert "self.writable.clear()" in inspect.getsource(Base.pause_writing)
    assert "self.writable.set()" in inspect.getsource(Base.resume_writing)
    assert "self.frames[0]" in inspect.getsource(Base.send_receive_event_to_app)
    for method in (Base.send, Base.handle_parser_exception, Base.keepalive_timeout):
        assert "self.close_sent = True" in inspect.getsource(method)  # from then on the lane writes nothing
    assert "self.transport.close()" in inspect.getsource(Base.handle_close)
    assert list(inspect.signature(Base.connection_lost).parameters) == ["self", "exc"]


@pytest.fixture
def laneless_server(make_server: MakeServer) -> ServerProcess:
    return make_server(server=PLAIN)


async def test_without_the_lane_the_queue_delivers_all_the_same(laneless_server: ServerProcess) -> None:
    async with connected(laneless_server) as one, connected(laneless_server) as other:
        start = await one.subscribe("user_action")
        await other.subscribe("user_action", action_type="added")
        for number in range(3):
            emit(laneless_server, "user_action", action_type="added", number=number)
        events = [await one.receive() for _ in range(3)]
        assert [event["data"]["number"] for event in events] == [0, 1, 2]
        assert [await other.receive() for _ in range(3)] == events
    async with connected(laneless_server) as back:
        await back.ask("resume", after=start["position"], subscriptions=[{"event_types": ["user_action"]}])
        assert [await back.receive() for _ in range(3)] == events


def raw_peer(server: ServerProcess) -> socket.socket:
    """A client that has shaken hands, and leaves all else to the test."""
    peer = socket.socket()
    peer.settimeout(WITHIN_S)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.connect(("127.0.0.1", server.ports[0]))
    peer.sendall(
        b"GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + server.token("admin").encode() + b"\r\n\r\n"
    )
    assert b"101 Switching Protocols" in peer.recv(4096)
    return peer


def text_frame(payload: bytes) -> bytes:
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload  # masked with zeros


CLOSE_FRAME = b"\x88\x80\0\0\0\0"


@pytest.mark.lane
@pytest.mark.parametrize("and_then", [b"", text_frame(b"\xff"), CLOSE_FRAME])
def test_text_that_is_not_utf8_ends_its_connection_without_a_traceback(server: ServerProcess, and_then: bytes) -> None:
    with raw_peer(server) as peer:
        peer.sendall(text_frame(b"\xff\xfe") + and_then)
        frame = b"".join(iter(lambda: peer.recv(4096), b""))
    assert frame[0] == 0x88  # a close frame, and nothing before it
    if and_then != CLOSE_FRAME:
        assert int.from_bytes(frame[2:4]) == 1007
    assert server.stop() == 0  # which reads the log, too
    assert "UnicodeDecodeError" not in server.log


@pytest.mark.lane
async def test_nothing_follows_a_close(server: ServerProcess) -> None:
    async with publishing(server, rate=400):
        for _ in range(20):
            with raw_peer(server) as peer:
                peer.sendall(text_frame(b'{"action": "subscribe", "event_types": ["mcp_status_change"]}'))
                received = b""
                while received.count(b'"id"') < 5:
                    received += peer.recv(4096)
                peer.sendall(CLOSE_FRAME)
                received += b"".join(iter(lambda p=peer: p.recv(4096), b""))  # type: ignore[misc]
            kinds = [frame.opcode for frame in frames_of(received)]
            assert kinds.count(Opcode.TEXT) > 5  # the reply, and five events
            assert kinds.index(Opcode.CLOSE) == len(kinds) - 1


def frames_of(wire: bytes) -> Iterator[Frame]:
    reader = StreamReader()
    reader.feed_data(wire)
    reader.feed_eof()
    while reader.buffer:
        try:
            next(Frame.parse(reader.read_exact, mask=False))
        except StopIteration as parsed:
            yield parsed.value


def peer_that_never_reads(server: ServerProcess) -> socket.socket:
    """It subscribes to everything, and then never reads again."""
    peer = raw_peer(server)
    command = b'{"action": "subscribe", "event_types": ["user_action"]}'
    peer.sendall(text_frame(command))
    assert b"subscribed" in peer.recv(4096)
    return peer


@pytest.mark.lane
async def test_a_peer_that_never_reads_is_dropped_and_others_do_not_notice(server: ServerProcess) -> None:
    ten = [("user_action", json.dumps({"action_type": "added", "text": "x" * 60_000}))] * 10
    with peer_that_never_reads(server) as peer:
        async with connected(server, max_queue=None) as healthy:
            await healthy.subscribe("user_action")
            for _ in range(20):
                await asyncio.to_thread(emit_text, server, *ten)
                for _ in ten:
                    assert (await healthy.receive())["type"] == "user_action"
            # Not closed, which would wait for it to read, but gone: the kernel has reset the connection.
            await aeventually(lambda: not is_open(peer))
            await healthy.nothing_came_before()
    assert "too slow" in server.log


def is_open(peer: socket.socket) -> bool:
    poll = select.poll()
    poll.register(peer, 0)  # errors and hang-ups alone
    return not poll.poll(0)
