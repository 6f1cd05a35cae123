"""uvicorn's HTTP protocol, through which the chunks of a stream can be written, and able to get rid of a peer that no
longer reads. Rests on the shape of the base class, which tests/eventhub/server/test_http_lane.py checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

from eventhub.server.http_lane import HttpLane
from eventhub.server.lobby import lobby
from subscriptions.eager_start import start_eagerly
from subscriptions.outbox.direct import LaneWriter
from subscriptions.outbox.direct_stream import STREAM_LANE
from subscriptions.protocol.endings import Ending

ABORT_AFTER = 5.0  # seconds for the peer to take what is left when the server has ended the stream

Begin = Callable[[], Awaitable[None]]
End = Callable[[Ending], Awaitable[None]]


class StreamLaneWriter:
    """What `subscriptions.outbox.direct_stream` asks for. Each delivery looks at it, so it is small."""

    __slots__ = ("_begin", "_end", "_server", "flows", "write")

    def __init__(self, server: StreamLane, begin: Begin, end: End) -> None:
        self._server: StreamLane | None = server  # None once the answer is over
        self._begin = begin
        self._end = end
        self.flows = True
        self.write: Callable[[bytes], object] = self._write_first

    @property
    def unsent(self) -> int:
        return 0 if self._server is None else self._server.transport.get_write_buffer_size()

    def close(self, ending: Ending) -> None:
        if self._server is not None:
            self._server.end_stream(self._end(ending))

    async def flowing(self) -> None:
        if self._server is not None:
            await self._server.flow.drain()

    def end(self) -> None:
        self.write = nothing
        self._server = None

    def _write_first(self, chunk: bytes) -> None:
        if self._server is not None:
            lobby.leave(self._server)
            run_now(self._begin())
            self.write = self._server.transport.write
            self.write(chunk)


def nothing(chunk: bytes) -> None:
    """Write nothing: the answer is over."""


def run_now(sending: Awaitable[None]) -> None:
    """Run what sends a message of ASGI, which does not wait while the connection flows."""
    start_eagerly(cast("Coroutine[Any, None, None]", sending))


class StreamLane(HttpLane):
    _stream: StreamLaneWriter | None = None

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {STREAM_LANE: self.open_stream}  # type: ignore[dict-item]

    def open_stream(self, begin: Begin, end: End) -> LaneWriter | None:
        if self.flow.write_paused or self.transport.is_closing():
            return None
        self._stream = StreamLaneWriter(self, begin, end)
        return self._stream

    def end_stream(self, ending: Awaitable[None]) -> None:
        """Write the last words behind what is unsent; a peer that does not take them is dropped."""
        self.flow.resume_writing()  # the base class would wait until the peer has read
        run_now(ending)
        if self._unread is not None:
            self._unread.cancel()
        self._unread = self.loop.call_later(ABORT_AFTER, self.transport.abort)

    def on_response_complete(self) -> None:
        self._forget_stream()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_stream()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stream is not None:
            self._stream.flows = False
            if self._unread is not None:  # the outbox judges who reads too slowly
                self._unread.cancel()
                self._unread = None

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stream is not None:
            self._stream.flows = True

    def _forget_stream(self) -> None:
        if self._stream is not None:
            self._stream.end()
            self._stream = None
