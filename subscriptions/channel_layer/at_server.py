"""The groups of one server of the channel layer that this process is in, joined and left in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings

from events.notify.servers import group_at, is_pubsub_of_redis
from subscriptions.channel_layer.heartbeat import HEARTBEAT, Heartbeat
from subscriptions.channel_layer.listener import LayerListener, Listener, Refused
from subscriptions.channel_layer.skipped import Skipped

logger = logging.getLogger(__name__)

JOIN_AGAIN_AFTER = 1.0  # seconds; the poll delivers meanwhile
MAX_RETRY_AFTER = 10.0  # seconds
REJOIN_AFTER = 0.1  # seconds after a connection broke that worked; else a server that drops us keeps us busy
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
        # Of this process alone, for the heartbeat. A channel would be no use for it: channels_redis does not try
        # again to subscribe to a channel if that fails the first time.
        self._own_group = group_at(server, "eventhub.process")
        self._tell_lost = lost
        self._heartbeat = Heartbeat(self._send_to_self, self._silent, back)
        self._unreadable = Skipped(logger, "Messages of the channel layer cannot be read, and are skipped")
        self._listener = self._make_listener(server)
        self._listens = False
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._changed = asyncio.Event()
        self._rests = False  # the keeper has nothing to do
        self._is_away = False  # the server, when it was last asked
        self._again: asyncio.TimerHandle | None = None  # when it tries again
        self._stopping = False
        self._keeper: asyncio.Task[None] | None = None
        self.failing = False  # it could not join or leave when it last tried

    def _make_listener(self, server: int) -> Listener:
        if not is_pubsub_of_redis(self._layer):
            return LayerListener(self._layer, server, self._hear, self._unreadable)
        # redis-py takes a fifth of a second, which a command without a dispatcher need not pay.
        from subscriptions.channel_layer.line_listener import LineListener, host_of

        hosts = settings.CHANNEL_LAYERS["default"].get("CONFIG", {}).get("hosts")
        return LineListener(self._layer, host_of(hosts, server), self._hear, self._unreadable, self._lost)

    def _lost(self) -> None:
        """Join again what was joined: the connection has gone. A keeper at work finds that out by itself."""
        self._joined.clear()
        if self._rests and not self._stopping:
            logger.warning("The connection to the channel layer broke; it is made anew.")
            self._try_again_after(REJOIN_AFTER)

    def _try_again_after(self, seconds: float) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(seconds, self._changed.set)

    def _silent(self) -> None:
        # A keeper at work finds out by itself, and must not begin again and again. If it was refused the own group, the
        # connection may be sound.
        if self._rests and self._own_group in self._joined:
            self._listener.renew()
        self._tell_lost()

    @property
    def joined(self) -> set[str]:
        return self._joined - {self._own_group}

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep())

    def want(self, groups: set[str]) -> None:
        # Whoever listens stays in its own group: else the heartbeat would take the server for lost.
        stays = groups or (self._listens and not self._stopping)
        wanted = groups | {self._own_group} if stays else set()
        if wanted != self._wanted or self._stopping:
            self._wanted = wanted
            if not self._is_away or self._stopping:  # else it is asked when it is time
                self._changed.set()

    def beat(self) -> None:
        """Find out whether the server is there. Called about once a second."""
        if self._listens:
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
            await self._listener.end()

    async def _keep(self) -> None:
        retry_after = JOIN_AGAIN_AFTER
        while True:
            self._changed.clear()
            try:
                await self._reconcile()
                self.failing = self._is_away = False
                retry_after = JOIN_AGAIN_AFTER
            except Exception as error:  # noqa: BLE001  the edge of a loop; any layer, any failure
                self.failing, self._is_away = True, not isinstance(error, Refused)
                if not self._stopping:
                    logger.warning("Cannot join groups of the channel layer (%r); again in %g s.", error, retry_after)
                    self._try_again_after(retry_after)
                    retry_after = min(2 * retry_after, MAX_RETRY_AFTER)
            if self._stopping:
                return
            self._rests = True
            await self._changed.wait()
            self._rests = False

    async def _reconcile(self) -> None:
        if not self._listens and self._wanted:
            await self._listener.begin()
            self._listens = True
        refused: dict[str, Refused] = {}
        while missing := (self._wanted ^ self._joined) - refused.keys():
            # The own one first: else no heartbeat is heard until all are joined.
            for group in sorted(missing, key=lambda each: each != self._own_group):
                try:
                    await self._join_or_leave(group)
                except Refused as error:
                    refused[group] = error
        if refused:
            group, why = next(iter(refused.items()))
            raise Refused(f"{len(refused)} of {len(self._wanted)}, first {group}: {why}")

    async def _join_or_leave(self, group: str) -> None:
        if group in self._wanted:
            await self._listener.join(group)
            self._joined.add(group)
        else:
            await self._listener.leave(group)
            self._joined.discard(group)

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
