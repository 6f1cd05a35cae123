"""How an HTTP connection ends that is refused, late, or not read from: in a sentence, and within bounds of time."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from eventhub.server.http_flow import HttpFlow

MIN_RATE = 16 * 1024  # bytes a second of a long body, and of an answer that the peer takes, beyond the first seconds
LINGER_S = 2.0  # for a refused peer to read why; the kernel forgets that as soon as we close with something unread


class Refused(Exception):
    """What has been parsed up to here is refused."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        self.status = status
        self.sentence = sentence

    def answer(self) -> bytes:
        body = self.sentence.encode()
        head = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            head.append("retry-after: 5")
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


class AnswerTransport:
    """What an answer is written to while its request may still be coming: then its end is not the connection's."""

    __slots__ = ("_server", "write")

    def __init__(self, server: HttpEnding) -> None:
        self._server = server
        self.write = server.transport.write

    def close(self) -> None:
        self._server.end_answer()

    def is_closing(self) -> bool:
        return self._server.transport.is_closing()


class HttpEnding(HttpToolsProtocol):
    flow: HttpFlow
    in_head = True  # of a request, or before it
    head = body = 0  # bytes of it that have come
    is_whole = False  # the request has come to its end
    rest = b""  # of what has come, not parsed yet
    is_refused = False
    _due: asyncio.TimerHandle | None = None  # the request, or once refused the end
    _began = 0.0  # when the request was first waited for
    _unread: asyncio.TimerHandle | None = None  # when what the peer does not read is given up

    def connection_lost(self, exc: Exception | None) -> None:
        self.end_of_waiting()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    # --- refused ---

    def refuse(self, refusal: Refused, *, linger: bool = True) -> None:
        """Answer in a sentence and close. Whoever still sends gets some seconds to read it."""
        self._stop_listening()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # the application may write no more
            self.cycle.message_event.set()
            if self.cycle.response_started:
                self.transport.abort()
                return
        self.transport.write(refusal.answer())
        if linger:
            self._linger()
        else:
            self.close()

    def end_answer(self) -> None:
        """End the connection after its answer, though some of the request may still come."""
        if self.is_whole:
            self.transport.close()
        else:
            self._stop_listening()
            self._linger()

    def _stop_listening(self) -> None:
        self.is_refused = True
        self.rest = b""
        self.end_of_waiting()

    def _linger(self) -> None:
        self.transport.write_eof()
        self.flow.release()
        self.flow.resume_reading()
        self._due = self.loop.call_later(LINGER_S, self.transport.abort)

    # --- late ---

    @property
    def is_awaited(self) -> bool:
        return self._due is not None

    def await_request(self) -> None:
        self._began = self.loop.time()
        self._due = self.loop.call_later(settings.EVENTHUB_REQUEST_TIMEOUT, self.is_late)

    def end_of_waiting(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def is_late(self) -> None:
        """Refuse a request whose time is over, unless it has a long body that comes fast enough, or we do not read
        it."""
        allowed = settings.EVENTHUB_REQUEST_TIMEOUT + self.body / MIN_RATE
        elapsed = self.loop.time() - self._began
        if self.flow.read_paused or self.flow.held:
            self._due = self.loop.call_later(settings.EVENTHUB_REQUEST_TIMEOUT, self.is_late)
        elif not self.in_head and elapsed < allowed:
            self._due = self.loop.call_later(allowed - elapsed, self.is_late)
        elif self.in_head and not self.head:
            self._due = None
            self.transport.close()  # it has asked nothing
        else:
            self._due = None
            sentence = f"The request did not come within {settings.EVENTHUB_REQUEST_TIMEOUT:g} s."
            self.refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, sentence))

    # --- not read from ---

    def close(self) -> None:
        """Close the connection once the peer has taken what is written, or has had the time that it may need."""
        self.transport.close()
        self.give_up_unread()

    def give_up_unread(self) -> None:
        """Reset the connection when the peer has not taken what is written within the time that it may need."""
        unread = self.transport.get_write_buffer_size()
        if unread and self._unread is None:
            allowed = settings.EVENTHUB_REQUEST_TIMEOUT + unread / MIN_RATE
            self._unread = self.loop.call_later(allowed, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.give_up_unread()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None and not self.transport.is_closing():
            self._unread.cancel()
            self._unread = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self.give_up_unread()
