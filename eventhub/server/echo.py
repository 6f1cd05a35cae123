"""Whether what this process sends through the channel layer's Redis or Valkey comes back to it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from uuid import uuid4

from events.notify.servers import group_at
from subscriptions.channel_layer.at_server import listener_at
from subscriptions.channel_layer.skipped import Skipped

logger = logging.getLogger(__name__)


class Echo:
    """Hears one server, in a group of its own, from the first round trip on: each further one is a single message. The
    layer's own `receive` goes on to look ten times a second for what has come, also when nobody receives any more."""

    def __init__(self, layer: Any, server: int) -> None:
        self._layer = layer
        self._group = group_at(server, "eventhub.ready")
        unreadable = Skipped(logger, "Messages of the channel layer cannot be read, and are skipped")
        self._listener = listener_at(layer, server, self._hear, unreadable, self._lost)
        self._joined = False
        self._nonce = ""
        self._came: asyncio.Future[None] | None = None  # while its message is on its way

    async def round_trip(self) -> None:
        """Return when a message has come back; not for two at once. Raises whatever keeps it from that. The next one
        begins anew then."""
        try:
            if not self._joined:
                await self._listener.join(self._group)
                self._joined = True
            self._nonce, self._came = uuid4().hex, asyncio.get_running_loop().create_future()
            await self._layer.group_send(self._group, {"type": "ready", "nonce": self._nonce})
            await self._came
        except BaseException:  # also a cancellation: the connection may be half open
            self._came = None
            self._listener.renew()
            raise

    async def end(self) -> None:
        await self._listener.end()

    def _hear(self, message: object) -> None:
        if isinstance(message, dict) and message.get("nonce") == self._nonce:
            self._finish(None)

    def _lost(self) -> None:
        self._joined = False
        self._finish(ConnectionError("The connection is closed"))

    def _finish(self, error: ConnectionError | None) -> None:
        if self._came is None or self._came.done():
            return
        if error is None:
            self._came.set_result(None)
        else:
            self._came.set_exception(error)
