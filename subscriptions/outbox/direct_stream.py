"""The outbox of an event stream on eventhub's own server lane: finished chunks, written straight to the transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from subscriptions.outbox.direct import DirectOutbox, Joiner, LaneWriter
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending

STREAM_LANE = "eventhub.server.stream_lane"  # the scope extension: an OpenLane


class OpenLane(Protocol):
    """What the server lane offers for one request."""

    def __call__(
        self, begin: Callable[[], Awaitable[None]], end: Callable[[Ending], Awaitable[None]]
    ) -> LaneWriter | None:
        """Return a writer of chunks; None while the connection is busy with an earlier answer. With the first chunk it
        calls `begin`, and `end` when it is closed; these send messages of ASGI, and do not have to wait."""


class StreamJoiner(Joiner):
    def _bytes_of(self, offered: Sequence[Frame | Frames]) -> bytes:
        return b"".join([frames.chunk or frames.as_chunk() for frames in offered])


_joiner = StreamJoiner()  # of the process


class DirectWordsOutbox(DirectOutbox):
    """For a stream that says each message in words of its own. `chunk` makes them; what the client is not told, it
    leaves empty."""

    __slots__ = ("_chunk",)

    def __init__(self, writer: LaneWriter, chunk: Callable[[Frame], bytes]) -> None:
        super().__init__(writer)
        self._chunk = chunk

    def send(self, frames: Frame | Frames) -> None:
        """Do `offer` and `flush`. What a delivery costs is in here."""
        writer = self._writer
        if writer.flows and not self._offered:
            if written := self._chunk(frames) if isinstance(frames, Frame) else self._chunks_of(frames):
                self._given += len(written)
                writer.write(written)
        else:
            self.offer(frames)
            self.flush()

    def _join(self) -> bytes:
        return b"".join(map(self._chunks_of, self._offered))

    def _chunks_of(self, frames: Frame | Frames) -> bytes:
        return b"".join(map(self._chunk, frames.each))


class DirectStreamOutbox(DirectOutbox):
    __slots__ = ()

    def send(self, frames: Frame | Frames) -> None:
        """Do `offer` and `flush`. What a delivery costs is in here."""
        writer = self._writer
        if writer.flows and not self._offered:
            written, write = frames.chunk or frames.as_chunk(), writer.write
            self._given += len(written)
            write(written)
        else:
            self.offer(frames)
            self.flush()

    def _join(self) -> bytes:
        return _joiner.join(self._offered)
