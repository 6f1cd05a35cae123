"""The usual handshake is answered without the WebSocket library: as that one would, and only where it would."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, cast

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Base
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.http11 import MAX_LINE_LENGTH
from websockets.protocol import Protocol, State
from websockets.server import ServerProtocol

from eventhub.server.http_lane import MAX_HEADERS
from eventhub.server.websocket.opening import LONGEST, Opening, answer_to

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE = (b"Upgrade", b"websocket")
CONNECTION = (b"Connection", b"Upgrade")
HEADERS = ((b"Host", b"hub"), UPGRADE, CONNECTION, (b"Sec-WebSocket-Key", KEY), (b"Sec-WebSocket-Version", b"13"))
BROWSER = (
    (b"Origin", b"https://hub.example"),
    (b"Cookie", b"sessionid=abc; theme=\xe9"),
    (b"Sec-WebSocket-Extensions", b"permessage-deflate; client_max_window_bits"),
)


def request(
    *more: tuple[bytes, bytes], line: bytes = b"GET /ws/events?token=a%20b HTTP/1.1", **instead: bytes
) -> bytes:
    """Return a handshake with these headers more, and others instead of some; `b""` leaves one out."""
    changed = {name.encode().replace(b"_", b"-").lower(): value for name, value in instead.items()}
    headers = [(name, changed.get(name.lower(), value)) for name, value in HEADERS]
    lines = [b"%b: %b\r\n" % header for header in (*headers, *more) if header[1]]
    return line + b"\r\n" + b"".join(lines) + b"\r\n"


USUAL = {
    "plain": request(),
    "of a browser": request(*BROWSER),
    "of Firefox": request(*BROWSER, connection=b"keep-alive, Upgrade"),
    "in other letters": request(connection=b"upgrade", upgrade=b"WebSocket"),
    "with spaces around a value": request((b"X-Forwarded-For", b"  10.0.0.1 \t")),
    "to a path that is not ASCII": request(line=b"GET /ws/%C3%A9?a?b HTTP/1.1"),
}
UNUSUAL = {
    "another method": request(line=b"PUT /ws/events HTTP/1.1"),
    "HTTP/1.0": request(line=b"GET /ws/events HTTP/1.0"),
    "no key": request(sec_websocket_key=b""),
    "a short key": request(sec_websocket_key=b"dGhlIHNhbXBsZQ=="),
    "a key that is not base64": request(sec_websocket_key=b"dGhlIHNhbXBsZSBub25jZ!=="),
    "two keys": request((b"Sec-WebSocket-Key", KEY)),
    "no version": request(sec_websocket_version=b""),
    "an old version": request(sec_websocket_version=b"8"),
    "two origins": request((b"Origin", b"https://a"), (b"Origin", b"https://b")),
    "a list of protocols": request((b"Sec-WebSocket-Protocol", b"graphql-ws,")),
    "an option in quotes": request(connection=b'Upgrade, "a"'),
    "a body": request((b"Content-Length", b"0")),
    "a long cookie": request((b"Cookie", b"a" * LONGEST)),
    "a long address": request(line=b"GET /" + b"a" * LONGEST + b" HTTP/1.1"),
}


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Accepting:
    """An application that accepts, and what it is told."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.config = uvicorn.Config(
            self.run, interface="asgi3", ws_per_message_deflate=False, log_config=None, root_path="/hub"
        )
        self.config.load()
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"today")]

    async def run(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = {**scope}
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept", "headers": [(b"X-More", b"1")]})


def parsed(handshake: bytes, application: Accepting) -> HttpToolsProtocol:
    """Return a connection of uvicorn's on which this handshake has come."""
    http = HttpToolsProtocol(application.config, application.state, {"a": 1})
    http.transport, http.scheme = Wire(), "http"
    with pytest.raises(httptools.HttpParserUpgrade):
        http.parser.feed_data(handshake)
    return http


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let uvicorn write no lines, as in production."""
    caplog.set_level("WARNING", "uvicorn.error")


@pytest.mark.parametrize("kind", USUAL)
async def test_the_usual_handshake_is_told_and_answered_as_uvicorn_would(kind: str) -> None:
    ours, theirs, opened = Accepting(), Accepting(), Wire()
    http = parsed(USUAL[kind], ours)
    answer = answer_to(http)
    assert answer is not None
    websocket = Opening(ours.config, ours.state, {"a": 1})
    websocket.open(http, answer)
    library = Base(theirs.config, theirs.state, {"a": 1})
    library.connection_made(opened)
    library.data_received(USUAL[kind])
    await asyncio.gather(*ours.state.tasks, *theirs.state.tasks)
    assert {**ours.scope, "headers": None} == {**theirs.scope, "headers": None}
    assert ours.scope["headers"] == [(name.lower(), value) for name, value in theirs.scope["headers"]]
    assert ours.state.connections == {websocket}
    [here], [there] = cast(Wire, websocket.transport).written, opened.written
    assert here.lower() == there.lower()
    websocket.stop_keepalive()
    library.stop_keepalive()


@pytest.mark.parametrize("kind", UNUSUAL)
async def test_the_library_judges_all_other_handshakes(kind: str) -> None:
    assert answer_to(parsed(UNUSUAL[kind], Accepting())) is None


async def test_the_library_has_those_that_need_what_only_it_can() -> None:
    http = parsed(request(), Accepting())
    assert answer_to(http) is not None
    http.config.ws_per_message_deflate = True
    assert answer_to(http) is None


def test_headers_within_our_bound_are_within_the_librarys() -> None:
    assert MAX_LINE_LENGTH > LONGEST
    assert MAX_HEADERS <= 128


def test_the_library_goes_on_where_the_handshake_is_done() -> None:
    library = ServerProtocol()
    library.state = State.OPEN
    library.parser = Protocol.parse(library)
    next(library.parser)
    library.receive_data(b"\x81\x82\0\0\0\0hi")
    assert [event.data for event in library.events_received() if isinstance(event, Frame)] == [b"hi"]
    library.send_close(1000)
    assert [frame[0] & 0xF for frame in library.data_to_send()] == [Opcode.CLOSE]


def test_uvicorn_does_no_more_for_a_handshake_than_ours() -> None:
    """The names that it sets and calls: another one must be looked at, and perhaps done in `open`, too."""
    made, connect = inspect.getsource(Base.connection_made), inspect.getsource(Base.handle_connect)
    assert set(assigned(made)) == {"transport", "server", "client", "scheme"}
    assert "self.connections.add(self)" in made
    assert set(assigned(connect)) == {
        *("request", "response", "handshake_initiated", "handshake_complete", "close_sent", "scope"),
    }
    assert connect.count("task.") == 1
    assert {line.split('"')[1] for line in connect.splitlines() if line.startswith('            "')} == SCOPE
    _, _, accepting = inspect.getsource(Base.send).partition('"websocket.accept":')
    accepting, _, _ = accepting.partition('elif message["type"]')
    assert set(assigned(accepting)) == {"handshake_complete"}
    assert accepting.index("transport.write") < accepting.index("self.start_keepalive()")


SCOPE = {
    *("type", "asgi", "http_version", "scheme", "server", "client", "root_path", "path", "raw_path", "query_string"),
    *("headers", "subprotocols", "state", "extensions"),
}


def assigned(source: str) -> list[str]:
    """Return the attributes of `self` that the source sets."""
    lines = (line.strip() for line in source.splitlines())
    return [line[5:].split(" ")[0].rstrip(":") for line in lines if line.startswith("self.") and " = " in line]
