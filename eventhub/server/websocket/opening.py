"""The opening handshake of a WebSocket as nearly all send it: judged by what the HTTP parser has found.

uvicorn would write the request down again for the WebSocket library, which parses it a second time: that was 110 µs, a
seventh of a connect. A handshake with anything unusual goes that way still, so the library alone refuses.
Rests on the shape of both, which tests/eventhub/server/test_opening.py checks.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import Protocol, State
from websockets.utils import accept_key

LONGEST = 4096  # bytes of address, names and values together; the library's bound is 8 KiB a line
KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")  # 16 bytes
OPTIONS = re.compile(rb"[A-Za-z-]+(?:, ?[A-Za-z-]+)*")
NOT_IN_VALUES = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
# What the library has more to say to, or refuses.
UNUSUAL = {b"sec-websocket-protocol", b"content-length", b"transfer-encoding"}


def open_websocket(http: HttpToolsProtocol) -> bool:
    """Make an HTTP connection that asks for it a WebSocket. False, and nothing done, if the library shall judge."""
    new: Any = http.ws_protocol_class
    answer = answer_to(http) if issubclass(new, Opening) else None
    if answer is None:
        return False
    http.connections.discard(http)
    protocol = new(config=http.config, server_state=http.server_state, app_state=http.app_state)
    protocol.open(http, answer)
    http.transport.set_protocol(protocol)
    return True


def answer_to(http: HttpToolsProtocol) -> bytes | None:
    """Return the answer to a handshake, but for the headers that the server adds, or None: the library shall judge.
    `http` is the connection, as uvicorn's HTTP protocol."""
    scope, url = http.scope, http.url
    given = [*scope["headers"]]
    headers = dict(given)
    key, options = headers.get(b"sec-websocket-key", b""), headers.get(b"connection", b"")
    text = b"".join(chain.from_iterable(headers.items()))
    usual = (
        scope["method"] == "GET"
        and scope["http_version"] == "1.1"
        and len(headers) == len(given)  # each comes once
        and UNUSUAL.isdisjoint(headers)
        and headers.get(b"upgrade", b"").lower() == b"websocket"
        and OPTIONS.fullmatch(options)
        and b"upgrade" in options.lower().replace(b" ", b"").split(b",")
        and headers.get(b"sec-websocket-version") == b"13"
        and KEY.fullmatch(key)
        and len(url) + len(text) <= LONGEST
        and url.isascii()
        and not NOT_IN_VALUES.search(text)
        and not http.config.ws_per_message_deflate
        and not http.logger.isEnabledFor(logging.INFO)  # uvicorn has lines to write then
    )
    if not usual:
        return None
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key.decode())}\r\n"
    ).encode()


class Opening(WebSocketsSansIOProtocol):
    _answer: bytes | None = None  # to be sent when the application accepts; None: it is sent, or the library makes it

    def open(self, http: HttpToolsProtocol, answer: bytes) -> None:
        """Begin with a handshake that `answer_to` has judged: what `connection_made` and `handle_connect` do."""
        self._answer = answer
        self.transport, self.server, self.client = http.transport, http.server, http.client
        self.scheme = "wss" if http.scheme == "https" else "ws"
        self.connections.add(self)
        self.handshake_initiated = True
        path, _, query = http.url.partition(b"?")
        self.scope = {
            "type": "websocket",
            "asgi": {"version": self.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
            "root_path": self.root_path,
            "path": self.root_path + unquote(path.decode("ascii")),
            "raw_path": self.root_path.encode("ascii") + path,
            "query_string": query,
            "headers": [(name, value.rstrip(b" \t")) for name, value in http.scope["headers"]],
            "subprotocols": [],
            "state": self.app_state.copy(),
            "extensions": {"websocket.http.response": {}},
        }
        self.queue.put_nowait({"type": "websocket.connect"})
        task = self.loop.create_task(self.run_asgi())
        task.add_done_callback(self.on_task_complete)
        self.tasks.add(task)

    async def send(self, message: Any) -> None:
        answer, is_open = self._answer, not self.handshake_complete and self.initial_response is None
        if answer is not None and is_open and message["type"] == "websocket.accept":
            self._accept(answer, message.get("headers", ()))
        else:
            await super().send(message)

    def _accept(self, answer: bytes, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Send the answer, and let the library begin where the handshake is done."""
        if self.disconnected:
            raise ClientDisconnected
        self._answer = None
        if not self.transport.is_closing():
            self.handshake_complete = True
            self.conn.state = State.OPEN
            self.conn.parser = Protocol.parse(self.conn)  # of frames
            next(self.conn.parser)
            lines = [b"%b: %b\r\n" % header for header in (*self.default_headers, *headers)]
            self.transport.write(b"".join([answer, *lines, b"\r\n"]))
            self.start_keepalive()
