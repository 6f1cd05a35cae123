"""The outbox for any ASGI server: a queue, and a writer, which is a task while the server makes it wait.

A client that does not even take the reason why it is closed is left to the server. `direct` is the form for eventhub's
own server lane.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable
from typing import Protocol

from subscriptions.eager_start import start_eagerly
from subscriptions.outbox.base import MAX_STALL, MAX_UNSENT, MAX_UNSENT_AT_BATCH
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending

logger = logging.getLogger(__name__)

END_TIMEOUT = 5.0  # seconds to tell a client that is too slow why it is closed


class Writer(Protocol):
    """What a transport does for one connection. Both return when the server has taken it, which may wait for the
    client. Both raise OSError or RuntimeError when the client has left or the server has closed: servers differ."""

    def write(self, frame: Frame) -> Awaitable[None]:
        """Send one message."""

    def end(self, ending: Ending) -> Awaitable[None]:
        """Tell the client why nothing follows, and close."""


class QueuedOutbox:
    __slots__ = ("_added", "_frames", "_loop", "_progress", "_room", "_taken", "_task", "_writer", "closing", "unsent")

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._frames: deque[Frame] = deque()
        self._task: asyncio.Task[None] | None = None
        self._added = 0  # characters since the last flush
        self._progress = 0.0
        self._room = asyncio.Event()  # set when frames have been sent
        self.unsent = 0  # characters
        self._taken = 0  # characters that were ever offered
        self.closing = False

    @property
    def sent(self) -> int:
        return self._taken - self.unsent

    def send(self, frames: Frame | Frames) -> None:
        """Do `offer` and `flush`."""
        self.offer(frames)
        self.flush()

    def offer(self, frames: Frame | Frames) -> None:
        """Queue frames; `flush` sends them. A client over its bound is closed instead."""
        if self.closing:
            return
        size = len(frames)
        self._frames.extend(frames.each)
        self._added += size
        self.unsent += size
        self._taken += size
        if self.unsent > MAX_UNSENT:
            self.close(Ending.TOO_SLOW)

    def flush(self) -> None:
        """Begin to send what was offered. A client that was already over its bound is closed instead."""
        if self.closing:
            return
        if self.unsent - self._added > MAX_UNSENT_AT_BATCH:
            self.close(Ending.TOO_SLOW)
        self._added = 0
        if self._task is None and self._frames:
            self._progress = self._loop.time()
            self._task = start_eagerly(self._write())

    async def room(self, size: int) -> None:
        """Wait until at most `size` characters are unsent, or `closing`; yield at least once."""
        await asyncio.sleep(0)
        while self.unsent > size and not self.closing:
            self._room.clear()
            await self._room.wait()

    def check_progress(self, now: float) -> int:
        """Close a client that has taken nothing for MAX_STALL seconds; return the characters that are unsent."""
        if self._task is not None and now - self._progress > MAX_STALL:
            self.close(Ending.TOO_SLOW)
        return self.unsent

    def close(self, ending: Ending) -> None:
        """Send nothing more, also of what was offered, and tell the client why."""
        if self.closing:
            return
        self.closing = True
        if ending is Ending.TOO_SLOW:
            logger.info("A connection is too slow: %d characters unsent; it is closed.", self.unsent)
        self._drop()
        self._task = self._loop.create_task(self._end(ending, self._task))

    async def stop(self) -> None:
        """End the writer: the client has gone."""
        self.closing = True
        self._drop()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _write(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                await self._writer.write(frame)
                self.unsent = max(0, self.unsent - len(frame))
                self._progress = self._loop.time()
                self._room.set()
        except (OSError, RuntimeError):
            self._drop()  # the transport is told too, and stops us
        except Exception:
            logger.exception("A frame could not be sent; its connection is closed, and may resume.")
            self._loop.call_soon(self.close, Ending.INTERNAL_ERROR)
        finally:
            if not self.closing:
                self._task = None

    async def _end(self, ending: Ending, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # the client has left, or never reads
            await asyncio.wait_for(self._writer.end(ending), END_TIMEOUT)

    def _drop(self) -> None:
        self._frames.clear()
        self.unsent = 0
        self._room.set()
