"""Hears what comes for the groups of one server of the channel layer, through whatever layer there is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from events.notify.servers import channel_at
from subscriptions.channel_layer.skipped import Skipped

logger = logging.getLogger(__name__)

HEAR_AGAIN_AFTER = 1.0  # seconds
MAX_UNREADABLE = 100  # one after the other, then it waits as long: each may be an error that no message has brought
TURN = 0.002  # seconds of hearing messages that wait already before others get their turn
STOP_TIMEOUT = 5.0  # seconds

Hear = Callable[[object], None]  # is given each message; does not raise


class Refused(Exception):
    """The server does not let us have this group. The others are as they were."""


class Listener(Protocol):
    """One is in no group when it begins. `join` and `leave` raise Refused, or whatever else keeps them from it."""

    async def begin(self) -> None:
        """Be ready to join."""

    async def join(self, group: str) -> None:
        """Hear this group from now on."""

    async def leave(self, group: str) -> None:
        """Do not hear it any more."""

    def renew(self) -> None:
        """Make the connection anew, as nothing comes through it."""

    async def end(self) -> None:
        """Hear nothing more."""


class LayerListener:
    """For any layer: it has a channel, and a task that receives from it."""

    def __init__(self, layer: Any, server: int, hear: Hear, unreadable: Skipped) -> None:
        self._layer = layer
        self._hear = hear
        self._unreadable = unreadable
        self._channel = channel_at(server, "eventhub.process")
        self._listening: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        self._listening = asyncio.create_task(self._listen())
        await asyncio.sleep(0)  # until it has begun to receive, which makes the channel

    async def join(self, group: str) -> None:
        await self._layer.group_add(group, self._channel)

    async def leave(self, group: str) -> None:
        await self._layer.group_discard(group, self._channel)

    def renew(self) -> None:
        """Do nothing: the layer sees to its connections."""

    async def end(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening], timeout=STOP_TIMEOUT)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        turn_ends = loop.time() + TURN
        unreadable = 0  # since the last message that could be read
        while True:
            try:
                # Never under `wait_for`: a cancelled receive deletes the channel.
                message = await self._layer.receive(self._channel)
            except (ValueError, TypeError) as error:  # what cannot be decoded; not its text, which may quote it
                self._unreadable.one(type(error).__name__)
                unreadable += 1
                if unreadable >= MAX_UNREADABLE:
                    await asyncio.sleep(HEAR_AGAIN_AFTER)
            except Exception as error:  # noqa: BLE001  the edge of a loop; any layer, any failure
                logger.warning("Cannot hear the channel layer (%r); again in %g s.", error, HEAR_AGAIN_AFTER)
                await asyncio.sleep(HEAR_AGAIN_AFTER)
            else:
                unreadable = 0
                self._hear(message)
            if loop.time() > turn_ends:  # receiving does not wait while messages do
                await asyncio.sleep(0)
                turn_ends = loop.time() + TURN
