"""The connection of a stream: it has one subscription, and ends with that."""

from __future__ import annotations

import asyncio
import contextlib

from events.access.identity import Identity
from events.measuring.measures import CONNECTIONS_CLOSED
from subscriptions.clients.connection import Connection
from subscriptions.outbox.base import Outbox
from subscriptions.transports.http_stream.answer import StreamAnswer

UNSUBSCRIBED = "unsubscribed"  # why it ended, among the labels of CONNECTIONS_CLOSED


class StreamConnection(Connection):
    __slots__ = ("_answer", "_finishing", "_has_begun")

    def __init__(self, identity: Identity, address: str, outbox: Outbox, now: float, answer: StreamAnswer) -> None:
        super().__init__(identity, address, outbox, now)
        self._answer = answer
        self._has_begun = False
        self._finishing: asyncio.Task[None] | None = None

    def send(self, message: str) -> None:
        """Send a message. One that finds no subscription says that it has ended, and is the last."""
        if self._finishing is not None:
            return
        super().send(message)
        if self.subscriptions:
            self._has_begun = True
        elif self._has_begun:
            self._finishing = asyncio.create_task(self._finish())

    async def stop(self) -> None:
        """Return when nothing is written any more."""
        if self._finishing is not None:
            self._finishing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._finishing

    async def _finish(self) -> None:
        """End the stream when the client has taken what it was sent, or is closed meanwhile for another reason."""
        await self.outbox.room(0)
        if self.outbox.closing:
            return
        await self.outbox.stop()
        CONNECTIONS_CLOSED.add(label=UNSUBSCRIBED)
        with contextlib.suppress(OSError, RuntimeError):  # the client has left
            await self._answer.finish()
