"""The answer to a request for a stream, as an ASGI server takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from events.measuring.measures import CONNECTIONS_CLOSED
from subscriptions.outbox.frames import Frame
from subscriptions.protocol.endings import Ending
from subscriptions.transports.http_stream.form import Form
from subscriptions.transports.http_stream.refused import Refused

Send = Callable[[dict[str, Any]], Awaitable[None]]

# Nobody keeps it or holds it back on its way, and nothing else follows on the connection.
STREAMED = [
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"connection", b"close"),
]


class StreamAnswer:
    """What a `QueuedOutbox` writes to. It begins with the first message: until then it can be a refusal."""

    __slots__ = ("_form", "_send", "begun")

    def __init__(self, form: Form, send: Send) -> None:
        self._form = form
        self._send = send
        self.begun = False

    async def write(self, frame: Frame) -> None:
        if written := self._form.encode(frame):
            await self._write(written)

    async def end(self, ending: Ending) -> None:
        CONNECTIONS_CLOSED.add(label=ending.name.lower())
        await self._write(self._form.last_words(ending), more=False)

    async def finish(self) -> None:
        """End it without another word."""
        await self._write(b"", more=False)

    async def refuse(self, refused: Refused) -> None:
        status, headers, body = self._form.refuse(refused)
        headers = [*headers, *refused.headers, (b"content-length", str(len(body)).encode())]
        if refused.wait:
            headers.append((b"retry-after", str(refused.wait).encode()))
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self) -> None:
        self.begun = True
        headers = [*self._form.headers, *STREAMED]
        await self._send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": headers})

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        if not self.begun:
            await self.begin()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
