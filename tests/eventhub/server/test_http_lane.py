"""The HTTP lane rests on uvicorn's inside, and on a real connection does what no request from outside can show."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from eventhub.server import http_ending
from eventhub.server.http_lane import HttpLane
from tests.waiting import aeventually


def test_the_base_classes_have_the_shape_that_the_lanes_rest_on() -> None:
    assert "self.flow = FlowControl(transport)" in inspect.getsource(HttpToolsProtocol.connection_made)
    assert "self.flow.resume_reading()" in inspect.getsource(RequestResponseCycle.receive)
    answering = inspect.getsource(RequestResponseCycle.send)
    assert answering.index("self.transport.close()") < answering.index("self.on_response()")
    assert "if self.disconnected:" in answering
    assert "if self.flow.write_paused and not self.disconnected:" in answering  # the one thing that it waits for
    assert answering.count("await ") == 1
    assert "transport=self.transport" in inspect.getsource(HttpToolsProtocol.on_headers_complete)
    upgrade = inspect.getsource(HttpToolsProtocol.handle_websocket_upgrade)
    assert upgrade.index("protocol.data_received(") < upgrade.index("self.transport.set_protocol(protocol)")
    receive = inspect.getsource(WebSocketsSansIOProtocol.receive)
    assert "if self.read_paused and self.queue.empty():" in receive
    assert "self.transport.pause_reading()" in inspect.getsource(WebSocketsSansIOProtocol.send_receive_event_to_app)
    assert "self.handshake_initiated = True" in inspect.getsource(WebSocketsSansIOProtocol.handle_connect)


class Served:
    """A connection with an application that answers each request with what it has found."""

    peer: socket.socket
    server: HttpLane
    answer = b"ok"

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        self.scopes.append(scope)
        self.bodies.append(body)
        length = str(len(self.answer)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": self.answer})


@pytest.fixture
async def served(settings: Any) -> AsyncIterator[Served]:
    served = Served()
    config = uvicorn.Config(served.application, interface="asgi3", http=HttpLane, lifespan="off", log_config=None)
    config.load()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        served.peer = socket.socket()
        served.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        served.peer.connect(listening.getsockname())
        ours, _ = listening.accept()
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    _, served.server = await loop.connect_accepted_socket(lambda: HttpLane(config, ServerState(), {}), ours)
    yield served
    served.server.transport.abort()
    served.peer.close()
    await aeventually(lambda: served.server.parser is None and not served.server.tasks)


async def test_what_comes_in_pieces_or_all_at_once_is_the_same(served: Served) -> None:
    requests = (
        b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na\r\n\r\nGET "
        b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n\r\n\r\nGET \r\n0\r\n\r\n"
        b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    served.peer.sendall(requests * 50)
    await aeventually(lambda: len(served.bodies) == 150)
    for size in (1, 7, 1000):
        for at in range(0, len(requests), size):
            served.peer.sendall(requests[at : at + size])
            await asyncio.sleep(0)
    await aeventually(lambda: len(served.bodies) == 159)
    assert served.bodies == [b"a\r\n\r\nGET ", b"\r\n\r\nGET ", b""] * 53
    assert [scope["path"] for scope in served.scopes] == ["/a", "/b", "/c"] * 53


async def test_a_trailer_is_no_header(served: Served) -> None:
    served.peer.sendall(
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n"
    )
    await aeventually(lambda: served.scopes)
    assert b"authorization" not in dict(served.scopes[0]["headers"])


async def test_the_next_request_is_not_begun_before_the_answer_to_the_last(served: Served) -> None:
    served.peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
    deepest = 0
    while len(served.bodies) < 2000:
        deepest = max(deepest, len(served.server.pipeline) + len(served.server.tasks))
        served.peer.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            served.peer.recv(65536)
        await asyncio.sleep(0)
    assert deepest <= 2


async def test_an_answer_that_is_never_read_is_given_up(
    served: Served, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVENTHUB_REQUEST_TIMEOUT = 0.1
    monkeypatch.setattr(http_ending, "MIN_RATE", 2**40)
    served.answer = b"x" * 8_000_000
    served.peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    await aeventually(lambda: served.bodies)
    await aeventually(lambda: served.server.parser is None)  # the connection is gone


async def test_a_long_body_may_take_its_time_if_it_comes_fast_enough(
    served: Served, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n" + b"a" * 10_000)
    await aeventually(lambda: served.server.body == 10_000)
    settings.EVENTHUB_REQUEST_TIMEOUT = 0
    monkeypatch.setattr(http_ending, "MIN_RATE", 1)
    served.server.is_late()
    assert not served.server.is_refused
    monkeypatch.setattr(http_ending, "MIN_RATE", 2**40)
    served.server.is_late()
    assert served.server.is_refused
