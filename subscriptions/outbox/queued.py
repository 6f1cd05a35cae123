"""A connection's outgoing frames: in order, bounded, never waited for by whoever offers them.

This is the form for any ASGI server: a queue, and a writer, which is a task while the server makes it wait. A peer that
does not even take its close frame is left to the server. `fast_lane` has the form for eventhub's own server lane.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from subscriptions.eager import begin
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import INTERNAL_ERROR, TOO_SLOW

logger = logging.getLogger(__name__)

MAX_UNSENT = 2 * 1024 * 1024  # characters; the hard cap of one connection
MAX_UNSENT_AT_BATCH = 1024 * 1024  # characters; a reader that still has this to come when more arrives falls behind
MAX_STALL = 10.0  # seconds without one frame accepted by the transport
CLOSE_TIMEOUT = 5.0  # seconds for the close frame of a peer that is too slow

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    __slots__ = ("_added", "_loop", "_progress", "_room", "_send", "_texts", "_writer", "closing", "unsent")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._texts: deque[str] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._added = 0  # characters since the last flush
        self._progress = 0.0
        self._room = asyncio.Event()  # set when frames have been sent
        self.unsent = 0  # characters
        self.closing = False

    def send(self, frames: Frame | Frames) -> None:
        """`offer` and `flush`."""
        self.offer(frames)
        self.flush()

    def offer(self, frames: Frame | Frames) -> None:
        """Queue frames; `flush` sends them. A peer over its bound is closed instead."""
        if self.closing:
            return
        self._texts.extend(frames.texts)
        self._added += len(frames)
        self.unsent += len(frames)
        if self.unsent > MAX_UNSENT:
            self.close(TOO_SLOW)

    def flush(self) -> None:
        """Begin to send what was offered; returns at once."""
        if self.closing:
            return
        if self.unsent - self._added > MAX_UNSENT_AT_BATCH:
            self.close(TOO_SLOW)
        self._added = 0
        if self._writer is None and self._texts:
            self._progress = self._loop.time()
            self._writer = begin(self._write())

    async def room(self, size: int) -> None:
        """Wait until at most `size` characters are unsent, or nothing more will be; yields at least once."""
        await asyncio.sleep(0)
        while self.unsent > size and not self.closing:
            self._room.clear()
            await self._room.wait()

    def check_progress(self, now: float) -> int:
        """Close a peer that has accepted nothing for MAX_STALL seconds; what is unsent."""
        if self._writer is not None and now - self._progress > MAX_STALL:
            self.close(TOO_SLOW)
        return self.unsent

    def close(self, code: int) -> None:
        """Send nothing more, also of what was offered, and close with this code; the client may resume."""
        if self.closing:
            return
        self.closing = True
        if code == TOO_SLOW:
            logger.info("A connection is too slow: %d characters unsent; closed with %d.", self.unsent, code)
        self._drop()
        self._writer = self._loop.create_task(self._write_close(code, self._writer))

    async def stop(self) -> None:
        """The connection is gone: end the writer."""
        self.closing = True
        self._drop()
        if self._writer is not None and self._writer is not asyncio.current_task():
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer

    async def _write(self) -> None:
        try:
            while self._texts:
                text = self._texts.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self.unsent = max(0, self.unsent - len(text))
                self._progress = self._loop.time()
                self._room.set()
        except (OSError, RuntimeError):
            # The peer has left, or the server has closed (how each server says so): its consumer is told too.
            self._drop()
        except Exception:
            logger.exception("A frame could not be sent; its connection is closed, and may resume.")
            self._loop.call_soon(self.close, INTERNAL_ERROR)
        finally:
            if not self.closing:
                self._writer = None

    async def _write_close(self, code: int, writer: asyncio.Task[None] | None) -> None:
        if writer is not None:
            writer.cancel()
            await asyncio.wait([writer])
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # the peer has left, see _write, or never reads
            await asyncio.wait_for(self._send({"type": "websocket.close", "code": code}), CLOSE_TIMEOUT)

    def _drop(self) -> None:
        self._texts.clear()
        self.unsent = 0
        self._room.set()
