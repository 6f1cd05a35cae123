"""uvicorn's HTTP protocol with bounds: of a request's head, its time, and of what is done at once for one peer.

httptools itself has none, and joins what comes in pieces anew with each. Rests on the shape of the base class, which
tests/eventhub/server/test_http_lane.py checks.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import httptools

from eventhub.server.http_ending import AnswerTransport, HttpEnding, Refused
from eventhub.server.http_flow import HttpFlow
from eventhub.server.lobby import lobby
from eventhub.server.websocket.opening import open_websocket

MAX_HEAD = 64 * 1024  # bytes of request line and headers; also of what surrounds the parts of a chunked body
MAX_HEADERS = 128  # the WebSocket library's bound, too
OVERHEAD = 8  # bytes around each byte of a chunked body: more than a client that sends single bytes needs
END_OF_HEAD = b"\r\n\r\n"  # a request ends behind one of these, or behind the announced length of its body
# What is parsed before others get their turn: bytes where each few may cost a call (8 KiB of the smallest chunks cost
# 4 ms), and pieces.
TURN_BYTES = 8 * 1024
TURN_PIECES = 16
LINGER_BYTES = 1024 * 1024  # of a refused peer that are read and forgotten


class HttpLane(HttpEnding):
    url = b""
    _left: int | None = 0  # bytes of the body that are to come; None: it is chunked
    _around = 0  # bytes around the body
    _is_handshake = False  # of a WebSocket
    _refusal: Refused | None = None
    _discarded = 0
    _turn: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = HttpFlow(transport)
        self.headers = []
        address = self.client[0] if self.client else ""
        if lobby.enter(self, address, transport.get_extra_info("socket").fileno()):
            self.await_request()
        else:
            refusal = Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; come back later.")
            self.refuse(refusal, linger=False)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._turn is not None:
            self._turn.cancel()
        lobby.leave(self)
        super().connection_lost(exc)

    # --- as a guest of the lobby ---

    @property
    def is_idle(self) -> bool:
        return self.in_head and not self._is_answering

    def turn_out(self) -> None:
        self.close()

    # --- what comes ---

    def data_received(self, data: bytes) -> None:
        if self.is_refused:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.flow.hold()
        elif self.rest:
            self.rest += data
            self.flow.hold()
        else:
            self.rest = data
            self._parse_some()

    @property
    def _is_answering(self) -> bool:
        """Say whether a whole request has come and its answer is not yet out. What follows waits unparsed."""
        return self.is_whole and self.cycle is not None and not self.cycle.response_complete

    def _parse_some(self) -> None:
        self._turn = None
        self._unset_keepalive_if_required()
        size = 0
        for _ in range(TURN_PIECES):
            if self.is_refused or self.transport.is_closing():
                self.rest = b""
            if not self.rest or self._is_answering or size >= TURN_BYTES:
                break
            piece = self._next_piece(TURN_BYTES - size)
            self.rest = self.rest[len(piece) :]
            size += 0 if self._left else len(piece)
            if self._parse(piece):
                return
        if not self.rest:
            self.flow.release()
        else:
            self.flow.hold()
            if not self._is_answering:
                self._turn = self.loop.call_soon(self._parse_some)
        if not self.is_awaited and not self.is_refused and (self.head or not self.is_whole):
            self.await_request()

    def _next_piece(self, size: int) -> bytes:
        """Return what to parse next: it ends where a request ends, so that the next request is not parsed yet."""
        if not self.in_head and self._left:
            return self.rest[: self._left]
        end = self.rest.find(END_OF_HEAD, 0, size)
        return self.rest[: size if end < 0 else end + len(END_OF_HEAD)]

    def _parse(self, piece: bytes) -> bool:
        """Parse a piece, and say whether the connection is a WebSocket now."""
        was_in_body = not self.in_head
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self._upgrade()
                return True
            self._unsupported_upgrade_warning()
        except httptools.HttpParserError:
            if self._refusal is None:
                self.logger.warning("Invalid HTTP request received.")
            self.refuse(self._refusal or Refused(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received."))
            return False
        if self.in_head and not self._is_answering:
            self.head += len(piece)  # also empty lines between requests
            if self.head > MAX_HEAD:
                self.refuse(self._too_long())
            elif len(self.headers) > MAX_HEADERS:
                self.refuse(too_many_headers())
        elif was_in_body and self._left is None and not self.is_whole:
            self.headers.clear()  # of trailers
            self._around += len(piece)
            if self._around > MAX_HEAD + (OVERHEAD + 1) * self.body:
                sentence = f"Over {MAX_HEAD:,} bytes of chunk extensions or trailers."
                self.refuse(Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence))
        return False

    def _too_long(self) -> Refused:
        if len(self.url) > MAX_HEAD // 2:
            return Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"The address is over {MAX_HEAD // 2:,} bytes.")
        return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are over {MAX_HEAD:,} bytes.")

    def _upgrade(self) -> None:
        """Make the connection a WebSocket, and pass on to it what has come behind the handshake."""
        self.flow.release()
        rest, self.rest = self.rest, b""
        if not open_websocket(self):
            self.handle_websocket_upgrade()
        protocol: Any = self.transport.get_protocol()
        lobby.pass_on(self, protocol)
        if rest and protocol is not self and not self.transport.is_closing():
            protocol.data_received(rest)

    # --- what the parser finds ---

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.is_whole = self._is_handshake = False
        self.head = self.body = self._around = 0
        self._left = 0

    def on_headers_complete(self) -> None:
        self.in_head = False
        if len(self.headers) > MAX_HEADERS:
            raise self._refused(too_many_headers())
        for name, value in self.headers:
            if name == b"content-length" and self._left is not None:
                self._left = int(value)
            elif name == b"transfer-encoding":
                self._left = None
        self._is_handshake = self.parser.should_upgrade() and super()._should_upgrade()
        if self._left == 0:
            super().on_headers_complete()
        elif self._is_handshake:
            raise self._refused(Refused(HTTPStatus.BAD_REQUEST, "A WebSocket's handshake has no body."))
        else:
            super().on_headers_complete()
            self.cycle.transport = AnswerTransport(self)  # type: ignore[assignment]
            self.headers = []  # for trailers: uvicorn would add them to those that somebody has checked

    def _should_upgrade(self) -> bool:
        return self._is_handshake  # the base class asks three times

    def on_body(self, body: bytes) -> None:
        self.body += len(body)
        if self._left is not None:
            self._left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.in_head = self.is_whole = True
        self.head = 0
        self.end_of_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.is_refused:
            return
        super().on_response_complete()
        if self.transport.is_closing():
            self.give_up_unread()
        elif self.rest and self._turn is None:
            self._turn = self.loop.call_soon(self._parse_some)

    def _refused(self, refusal: Refused) -> Refused:
        """Remember a refusal and return it, to be raised through the parser, which forgets what was raised."""
        self._refusal = refusal
        return refusal


def too_many_headers() -> Refused:
    return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"Over {MAX_HEADERS} headers.")
