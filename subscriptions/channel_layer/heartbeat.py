"""Whether the channel layer carries messages: a process sends itself one now and then.

A connection may be silent and never end, and a layer of another kind reconnects by itself and tells nobody. So a
process that only listens would not know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

HEARTBEAT = "pulse"  # the `type` of the message
EVERY = 2.0  # seconds between two
SEND_TIMEOUT = 5.0  # seconds; else one that a connection swallowed would keep back all that follow
STOP_TIMEOUT = 5.0  # seconds
MISSED = 3  # that did not come back, one after the other: the layer is lost


class Heartbeat:
    """`send` gives a message to the layer, for this process itself. `lost` is told whenever as many as MISSED have not
    come back, `back` once."""

    def __init__(
        self, send: Callable[[dict[str, Any]], Awaitable[None]], lost: Callable[[], None], back: Callable[[], None]
    ) -> None:
        self._send, self._lost, self._back = send, lost, back
        self._unanswered = 0
        self._due = 0.0
        self._sending: asyncio.Task[None] | None = None

    def beat(self, now: float) -> None:
        """Send when it is time, `now` being the loop's. Counts what was sent, not seconds: a process that was stopped
        for a while must not take that for the layer's fault."""
        if now < self._due:
            return
        self._due = now + EVERY
        if self._unanswered and self._unanswered % MISSED == 0:
            self._lost()
        self._unanswered += 1
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_one())

    async def _send_one(self) -> None:
        with suppress(Exception):  # any layer, any failure: it is not heard, and counted as that
            async with asyncio.timeout(SEND_TIMEOUT):
                await self._send({"type": HEARTBEAT})

    def heard(self) -> None:
        if self._unanswered > MISSED:
            self._back()
        self._unanswered = 0

    async def stop(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait([self._sending], timeout=STOP_TIMEOUT)  # redis-py swallows one while it connects
