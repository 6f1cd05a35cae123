"""The groups of one server of the channel layer that this process is in: its channel there, which hears them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from events.notify.servers import channel_at, group_at
from subscriptions.channel_layer.heartbeat import HEARTBEAT, Heartbeat
from subscriptions.channel_layer.skipped import Skipped

logger = logging.getLogger(__name__)

JOIN_AGAIN_AFTER = 1.0  # seconds; the poll delivers meanwhile
MAX_RETRY_AFTER = 10.0  # seconds
TURN = 0.002  # seconds of hearing messages that wait already before others get their turn
STOP_TIMEOUT = 5.0  # seconds; a layer that does not answer forgets us by itself


class GroupsAtServer:
    """Joins and leaves in the background. Whatever becomes of this server, the others do not notice."""

    def __init__(
        self,
        layer: Any,
        server: int,
        hear: Callable[[dict[str, Any]], None],
        lost: Callable[[], None],
        back: Callable[[], None],
    ) -> None:
        """Be in groups of the server of this number. `lost` and `back` tell whether messages come through it."""
        self._layer = layer
        self._hear_message = hear
        self._channel = channel_at(server, "eventhub.process")
        # Of this process alone, for the heartbeat. The channel itself is no use for it: channels_redis does not try
        # again to subscribe to a channel if that fails the first time.
        self._own_group = group_at(server, "eventhub.process")
        self._heartbeat = Heartbeat(self._send_to_self, lost, back)
        self._unreadable = Skipped(logger, "Messages of the channel layer cannot be read, and are skipped")
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._changed = asyncio.Event()
        self._stopping = False
        self._keeper: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self.failing = False  # it could not join or leave when it last tried

    @property
    def joined(self) -> set[str]:
        return self._joined - {self._own_group}

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    def want(self, groups: set[str]) -> None:
        # Whoever listens stays in its own group: else the heartbeat would take the server for lost.
        stays = groups or (self._listener is not None and not self._stopping)
        wanted = groups | {self._own_group} if stays else set()
        if wanted != self._wanted or self._stopping:
            self._wanted = wanted
            self._changed.set()

    def beat(self) -> None:
        """Find out whether the server is there. Called about once a second."""
        if self._listener is not None:
            self._heartbeat.beat(asyncio.get_running_loop().time())

    async def _send_to_self(self, message: dict[str, Any]) -> None:
        await self._layer.group_send(self._own_group, message)

    async def stop(self) -> None:
        """Leave all groups. The keeper is asked to end, not cancelled: redis-py swallows a cancellation that comes
        while it connects."""
        if self._keeper is None:
            return
        self._stopping = True
        self.want(set())  # in one step with the line above: the keeper ends once it has left its groups
        try:
            await self._heartbeat.stop()
            await asyncio.wait([self._keeper], timeout=STOP_TIMEOUT)
        finally:  # also if this is cancelled, because a layer that is dead keeps it waiting
            self._keeper.cancel()
            if self._listener is not None:
                self._listener.cancel()
        if self._listener is not None:
            await asyncio.wait([self._listener], timeout=STOP_TIMEOUT)

    async def _keep(self) -> None:
        retry_after = JOIN_AGAIN_AFTER
        while True:
            self._changed.clear()
            try:
                await self._reconcile()
                self.failing = False
                retry_after = JOIN_AGAIN_AFTER
            except Exception as error:  # noqa: BLE001  the edge of a loop; any layer, any failure
                self.failing = True
                if not self._stopping:
                    logger.warning("Cannot join groups of the channel layer (%r); again in %g s.", error, retry_after)
                    asyncio.get_running_loop().call_later(retry_after, self._changed.set)
                    retry_after = min(2 * retry_after, MAX_RETRY_AFTER)
            if self._stopping:
                return
            await self._changed.wait()

    async def _reconcile(self) -> None:
        if self._listener is None and self._wanted:
            self._listener = asyncio.create_task(self._listen())
            await asyncio.sleep(0)  # until it has begun to receive, which makes the channel
        while missing := self._wanted ^ self._joined:
            for group in missing:
                await self._join_or_leave(group)

    async def _join_or_leave(self, group: str) -> None:
        if group in self._wanted:
            await self._layer.group_add(group, self._channel)
            self._joined.add(group)
        else:
            await self._layer.group_discard(group, self._channel)
            self._joined.discard(group)

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        turn_ends = loop.time() + TURN
        while True:
            try:
                # Never under `wait_for`: a cancelled receive deletes the channel.
                message = await self._layer.receive(self._channel)
            except (ValueError, TypeError) as error:  # what cannot be decoded; not its text, which may quote it
                self._unreadable.one(type(error).__name__)
            except Exception as error:  # noqa: BLE001  the edge of a loop; any layer, any failure
                logger.warning("Cannot hear the channel layer (%r); again in %g s.", error, JOIN_AGAIN_AFTER)
                await asyncio.sleep(JOIN_AGAIN_AFTER)
            else:
                self._hear(message)
            if loop.time() > turn_ends:  # receiving does not wait while messages do
                await asyncio.sleep(0)
                turn_ends = loop.time() + TURN

    def _hear(self, message: object) -> None:
        if not isinstance(message, dict):
            self._unreadable.one(type(message).__name__)
        elif message.get("type") == HEARTBEAT:
            self._heartbeat.heard()
        else:
            try:
                self._hear_message(message)
            except Exception:  # a bug: the next message may be heard
                logger.exception("A message of the channel layer is skipped.")
