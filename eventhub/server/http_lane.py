"""uvicorn's HTTP protocol with bounds: of a request's head, its time, and of what is done at once for one peer.

httptools itself has none, and joins what comes in pieces anew with each. Rests on the shape of the base class, which
tests/test_http_lane.py checks.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httptools
from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eventhub.server.http_flow import HttpFlow
from eventhub.server.lobby import lobby

MAX_HEAD = 64 * 1024  # bytes of request line and headers; also of what surrounds the parts of a chunked body
MAX_HEADERS = 128  # the WebSocket library's bound, too
OVERHEAD = 8  # bytes around each byte of a chunked body: more than a client that sends single bytes needs
END_OF_HEAD = b"\r\n\r\n"  # a request ends behind one of these, or behind the announced length of its body
# What is parsed before others get their turn: bytes where each few may cost a call (8 KiB of the smallest chunks cost
# 4 ms), and pieces.
TURN_BYTES = 8 * 1024
TURN_PIECES = 16
MIN_RATE = 16 * 1024  # bytes a second of a long body, and of an answer that the peer takes, beyond the first seconds
LINGER_S = 2.0  # for a refused peer to read why; the kernel forgets that as soon as we close with something unread
LINGER_BYTES = 1024 * 1024


class Refused(Exception):
    """What has been parsed up to here is refused."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status = status
        self.sentence = sentence


class AnswerTransport:
    """What an answer is written to while its request may still be coming: then its end is not the connection's."""

    __slots__ = ("_server", "write")

    def __init__(self, server: HttpLane) -> None:
        self._server = server
        self.write = server.transport.write

    def close(self) -> None:
        self._server.end_answer()

    def is_closing(self) -> bool:
        return self._server.transport.is_closing()


class HttpLane(HttpToolsProtocol):
    flow: HttpFlow
    url = b""
    _rest = b""  # of what has come, not parsed yet
    _in_head = True  # of a request, or before it
    _head = 0  # bytes of it
    _left: int | None = 0  # bytes of the body that are to come; None: it is chunked
    _body = _around = 0  # bytes: of the body, and around it
    _is_whole = False  # the request has come to its end
    _refusal: Refused | None = None
    _is_refused = False
    _discarded = 0
    _turn: asyncio.Handle | None = None
    _due: asyncio.TimerHandle | None = None  # the request, or once refused the end
    _began = 0.0  # when the request was first waited for
    _unread: asyncio.TimerHandle | None = None  # when what the peer does not read is given up

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = HttpFlow(transport)
        address = self.client[0] if self.client else ""
        if lobby.enter(self, address, transport.get_extra_info("socket").fileno()):
            self._await_request()
        else:
            self._refuse(
                Refused(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections; come back later."), linger=False
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_of_waiting()
        if self._unread is not None:
            self._unread.cancel()
        if self._turn is not None:
            self._turn.cancel()
        lobby.leave(self)
        super().connection_lost(exc)

    # --- as a guest of the lobby ---

    @property
    def is_idle(self) -> bool:
        return self._in_head and not self._is_answering

    def turn_out(self) -> None:
        self.transport.close()
        self._give_up_unread()

    # --- what comes ---

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._discarded += len(data)
            if self._discarded > LINGER_BYTES:
                self.flow.hold()
        elif self._rest:
            self._rest += data
            self.flow.hold()
        else:
            self._rest = data
            self._parse_some()

    @property
    def _is_answering(self) -> bool:
        """The request has come and its answer is not out: what follows waits unparsed."""
        return self._is_whole and self.cycle is not None and not self.cycle.response_complete

    def _parse_some(self) -> None:
        self._turn = None
        self._unset_keepalive_if_required()
        size = 0
        for _ in range(TURN_PIECES):
            if self._is_refused or self.transport.is_closing():
                self._rest = b""
            if not self._rest or self._is_answering or size >= TURN_BYTES:
                break
            piece = self._next_piece(TURN_BYTES - size)
            self._rest = self._rest[len(piece) :]
            size += 0 if self._left else len(piece)
            if self._parse(piece):
                return
        if not self._rest:
            self.flow.release()
        else:
            self.flow.hold()
            if not self._is_answering:
                self._turn = self.loop.call_soon(self._parse_some)
        if self._due is None and not self._is_refused and (self._head or not self._is_whole):
            self._await_request()

    def _next_piece(self, size: int) -> bytes:
        """No further than to the end of a request, so that the next one is not parsed."""
        if not self._in_head and self._left:
            return self._rest[: self._left]
        end = self._rest.find(END_OF_HEAD, 0, size)
        return self._rest[: size if end < 0 else end + len(END_OF_HEAD)]

    def _parse(self, piece: bytes) -> bool:
        """Whether the connection is a WebSocket now."""
        was_in_body = not self._in_head
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
            self._refuse(self._refusal or Refused(HTTPStatus.BAD_REQUEST, "Invalid HTTP request received."))
            return False
        if self._in_head and not self._is_answering:
            self._head += len(piece)  # also empty lines between requests
            if self._head > MAX_HEAD:
                self._refuse(self._too_long())
        elif was_in_body and self._left is None and not self._is_whole:
            self._around += len(piece)
            if self._around > MAX_HEAD + (OVERHEAD + 1) * self._body:
                sentence = f"Over {MAX_HEAD:,} bytes of chunk extensions or trailers."
                self._refuse(Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence))
        return False

    def _too_long(self) -> Refused:
        if len(self.url) > MAX_HEAD // 2:
            return Refused(HTTPStatus.REQUEST_URI_TOO_LONG, f"The address is over {MAX_HEAD // 2:,} bytes.")
        return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The headers are over {MAX_HEAD:,} bytes.")

    def _upgrade(self) -> None:
        """What has come behind the handshake waits with the WebSocket."""
        self._end_of_waiting()
        self.flow.release()
        lobby.leave(self)
        rest, self._rest = self._rest, b""
        self.handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if rest and protocol is not self and not self.transport.is_closing():
            protocol.data_received(rest)  # type: ignore[attr-defined]

    # --- what the parser finds ---

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_whole = False
        self._head = self._body = self._around = 0
        self._left = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer; uvicorn would add it to the headers, behind the back of whoever has checked those
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            sentence = f"Over {MAX_HEADERS} headers."
            raise self._refused(Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence))

    def on_headers_complete(self) -> None:
        self._in_head = False
        for name, value in self.headers:
            if name == b"content-length" and self._left is not None:
                self._left = int(value)
            elif name == b"transfer-encoding":
                self._left = None
        if self._left != 0 and self.parser.should_upgrade() and self._should_upgrade():
            raise self._refused(Refused(HTTPStatus.BAD_REQUEST, "A WebSocket's handshake has no body."))
        super().on_headers_complete()
        if self._left != 0:
            self.cycle.transport = AnswerTransport(self)  # type: ignore[assignment]

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        if self._left is not None:
            self._left -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = self._is_whole = True
        self._head = 0
        self._end_of_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._is_refused:
            return
        super().on_response_complete()
        if self.transport.is_closing():
            self._give_up_unread()
        elif self._rest and self._turn is None:
            self._turn = self.loop.call_soon(self._parse_some)

    def _refused(self, refusal: Refused) -> Refused:
        """To be raised through the parser, which forgets what it was."""
        self._refusal = refusal
        return refusal

    # --- refusing ---

    def _refuse(self, refusal: Refused, *, linger: bool = True) -> None:
        """Answer in a sentence and close. Whoever still sends gets some seconds to read it."""
        self._is_refused = True
        self._rest = b""
        self._end_of_waiting()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the application may write no more
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        body = refusal.sentence.encode()
        head = [
            f"HTTP/1.1 {refusal.status.value} {refusal.status.phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE:
            head.append("retry-after: 5")
        self.transport.write("\r\n".join(head).encode() + END_OF_HEAD + body)
        if linger:
            self._linger()
        else:
            self.transport.close()
            self._give_up_unread()

    def end_answer(self) -> None:
        """The answer is written and the connection to be closed, though some of the request may still come."""
        if self._is_whole:
            self.transport.close()
        else:
            self._is_refused = True
            self._rest = b""
            self._end_of_waiting()
            self._linger()

    def _linger(self) -> None:
        self.transport.write_eof()
        self.flow.release()
        self.flow.resume_reading()
        self._due = self.loop.call_later(LINGER_S, self.transport.abort)

    # --- waiting, for as long as is allowed ---

    def _await_request(self) -> None:
        self._began = self.loop.time()
        self._due = self.loop.call_later(settings.EVENTHUB_REQUEST_TIMEOUT, self._is_late)

    def _end_of_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _is_late(self) -> None:
        """The time for a request is over, unless it has a long body that comes fast enough, or we do not read it."""
        allowed = settings.EVENTHUB_REQUEST_TIMEOUT + self._body / MIN_RATE
        elapsed = self.loop.time() - self._began
        if self.flow.read_paused or self.flow.held:
            self._due = self.loop.call_later(settings.EVENTHUB_REQUEST_TIMEOUT, self._is_late)
        elif not self._in_head and elapsed < allowed:
            self._due = self.loop.call_later(allowed - elapsed, self._is_late)
        elif self._in_head and not self._head:
            self._due = None
            self.transport.close()  # it has asked nothing
        else:
            self._due = None
            sentence = f"The request did not come within {settings.EVENTHUB_REQUEST_TIMEOUT:g} s."
            self._refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, sentence))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._give_up_unread()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None and not self.transport.is_closing():
            self._unread.cancel()
            self._unread = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._give_up_unread()

    def _give_up_unread(self) -> None:
        """Reset the connection when the peer has not taken what is written within the time that it may need."""
        unread = self.transport.get_write_buffer_size()
        if unread and self._unread is None:
            allowed = settings.EVENTHUB_REQUEST_TIMEOUT + unread / MIN_RATE
            self._unread = self.loop.call_later(allowed, self.transport.abort)
