"""A connection's outgoing frames: in order, bounded, never waited for by whoever offers them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from subscriptions.protocol import TOO_SLOW

logger = logging.getLogger(__name__)

MAX_UNSENT = 2 * 1024 * 1024  # characters; the hard cap of one connection
MAX_UNSENT_AT_SLICE = 1024 * 1024  # characters; a reader that still has this to come when more arrives falls behind
MAX_STALL = 10.0  # seconds without one frame accepted by the transport
CLOSE_TIMEOUT = 5.0  # seconds for the close frame of a peer that is too slow, before it is cut off

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Outbox:
    """The queue form, for any ASGI server: a deque, and a writer task while there is something to write."""

    __slots__ = ("_added", "_frames", "_loop", "_progress", "_send", "_writer", "closing", "unsent")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._frames: deque[str] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._added = 0  # characters since the last flush
        self._progress = 0.0
        self.unsent = 0  # characters
        self.closing = False

    def offer(self, frame: str) -> None:
        """Queue a frame; `flush` sends it. A peer over its bound is closed instead."""
        if self.closing:
            return
        self._frames.append(frame)
        self._added += len(frame)
        self.unsent += len(frame)
        if self.unsent > MAX_UNSENT:
            self.close(TOO_SLOW)

    def flush(self) -> None:
        """Begin to send what was offered; returns at once."""
        if self.closing:
            return
        if self.unsent - self._added > MAX_UNSENT_AT_SLICE:
            self.close(TOO_SLOW)
        self._added = 0
        if self._writer is None and self._frames:
            self._progress = self._loop.time()
            self._writer = self._loop.create_task(self._write())

    def check_progress(self) -> None:
        """Close a peer that has accepted nothing for MAX_STALL seconds."""
        if self._writer is not None and self._loop.time() - self._progress > MAX_STALL:
            self.close(TOO_SLOW)

    def close(self, code: int) -> None:
        """Drop what is unsent when the peer is too slow, else send it first; then close with this code."""
        if self.closing:
            return
        self.closing = True
        if code == TOO_SLOW:
            logger.info("A connection is too slow: %d characters unsent; closed with %d.", self.unsent, code)
            self._frames.clear()
            self.unsent = 0
        self._writer = self._loop.create_task(self._write_close(code, self._writer, drop=code == TOO_SLOW))

    async def stop(self) -> None:
        """The connection is gone: end the writer."""
        self.closing = True
        self._frames.clear()
        self.unsent = 0
        if self._writer is not None and self._writer is not asyncio.current_task():
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer

    async def _write(self) -> None:
        try:
            await self._write_frames()
        finally:
            if self._writer is asyncio.current_task():
                self._writer = None

    async def _write_frames(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                await self._send({"type": "websocket.send", "text": frame})
                self.unsent = max(0, self.unsent - len(frame))
                self._progress = self._loop.time()
        except (OSError, RuntimeError):
            # The peer has left, or the server has closed (how each server says so): its consumer is told too.
            self._frames.clear()
            self.unsent = 0

    async def _write_close(self, code: int, writer: asyncio.Task[None] | None, *, drop: bool) -> None:
        if writer is not None and drop:
            writer.cancel()
        if writer is not None:
            await asyncio.wait([writer], timeout=CLOSE_TIMEOUT)
        await self._write_frames()
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):
            await asyncio.wait_for(self._send({"type": "websocket.close", "code": code}), CLOSE_TIMEOUT)
