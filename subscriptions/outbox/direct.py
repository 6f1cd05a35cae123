"""The outbox on eventhub's own server lane: finished WebSocket frames, written straight to the transport.

A frame is made once per event, and one write takes to a connection what a batch of dispatching has for it: 3 µs a
delivery where a queue and a writer need 16.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from subscriptions.outbox.base import MAX_STALL, MAX_UNSENT, MAX_UNSENT_AT_BATCH
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending

logger = logging.getLogger(__name__)

LANE = "eventhub.server.lane"  # the scope extension: a LaneWriter


class LaneWriter(Protocol):
    """What the server lane offers for one connection."""

    flows: bool  # the peer reads about as fast as we write: little or nothing is unsent
    write: Callable[[bytes], object]  # finished frames; nothing before the handshake is done or after a Close

    @property
    def unsent(self) -> int:
        """Return the bytes that were written and that the kernel has not taken yet."""

    def close(self, ending: Ending) -> None:
        """Write a Close behind what is unsent, without waiting. A peer that does not take it is dropped."""

    async def flowing(self) -> None:
        """Wait until it flows, is being closed or is gone. While it flows this returns without a turn of the loop."""


class Joiner:
    """Joins what a batch has for a connection. Neighbours often get the same, and then the same bytes."""

    def __init__(self) -> None:
        self._offered: list[Frame | Frames] = []
        self._joined = b""

    def join(self, offered: Sequence[Frame | Frames]) -> bytes:
        if offered != self._offered:
            self._offered = [*offered]
            self._joined = self._bytes_of(offered)
        return self._joined

    def _bytes_of(self, offered: Sequence[Frame | Frames]) -> bytes:
        return b"".join([frames.websocket or frames.as_websocket() for frames in offered])


_joiner = Joiner()  # of the process


class DirectOutbox:
    __slots__ = ("_given", "_moved_at", "_offered", "_size", "_taken", "_writer", "closing")

    def __init__(self, writer: LaneWriter) -> None:
        self._writer = writer
        self._offered: list[Frame | Frames] = []
        self._size = 0  # of what is offered, in characters
        self._given = 0  # bytes written in all
        self._taken = 0  # of these, what the kernel had taken at the last check
        self._moved_at = asyncio.get_running_loop().time()
        self.closing = False

    @property
    def unsent(self) -> int:
        return self._size + self._writer.unsent

    @property
    def sent(self) -> int:
        return self._given

    def send(self, frames: Frame | Frames) -> None:
        """Do `offer` and `flush`. What a delivery costs is in here."""
        writer = self._writer
        if writer.flows and not self._offered:
            written, write = frames.websocket or frames.as_websocket(), writer.write
            self._given += len(written)
            write(written)
        else:
            self.offer(frames)
            self.flush()

    def offer(self, frames: Frame | Frames) -> None:
        """Keep frames until `flush`. After `close` they are dropped."""
        if self.closing:
            return
        self._offered.append(frames)
        self._size += len(frames)

    def flush(self) -> None:
        """Write what was offered. A peer over its bound is closed instead."""
        offered, writer = self._offered, self._writer
        if not offered or self.closing:
            self._drop()
            return
        if not writer.flows and writer.unsent > MAX_UNSENT_AT_BATCH:
            self.close(Ending.TOO_SLOW)
            return
        written = self._join()
        self._drop()
        self._given += len(written)
        if written:
            writer.write(written)
        if not writer.flows and writer.unsent > MAX_UNSENT:
            self.close(Ending.TOO_SLOW)

    async def room(self, size: int) -> None:
        """Wait while more than `size` bytes are unsent, until the lane flows, which is all that it tells, or `closing`;
        yield at least once."""
        await asyncio.sleep(0)
        if self.unsent > size and not self.closing:
            await self._writer.flowing()

    def check_progress(self, now: float) -> int:
        """Close a peer that has taken nothing for MAX_STALL seconds; return the bytes that are unsent."""
        unsent = self._writer.unsent
        taken = self._given - unsent
        if not unsent or taken > self._taken:
            self._taken, self._moved_at = taken, now
        elif now - self._moved_at > MAX_STALL:
            self.close(Ending.TOO_SLOW)
        return unsent

    def close(self, ending: Ending) -> None:
        """Write nothing more, and tell the peer why, behind what is already written."""
        if self.closing:
            return
        self.closing = True
        if ending is Ending.TOO_SLOW:
            logger.info("A connection is too slow: %d bytes unsent; it is closed.", self.unsent)
        self._drop()
        self._writer.close(ending)

    async def stop(self) -> None:
        """Drop everything: the peer has gone."""
        self.closing = True
        self._drop()

    def _join(self) -> bytes:
        return _joiner.join(self._offered)

    def _drop(self) -> None:
        self._offered.clear()
        self._size = 0
