"""One a process and event loop: all that its connections share, and what keeps that up to date."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error as DatabaseError  # InterfaceError too

from events import registry_cache
from events.core.event_types import Registry
from events.log import placing, reading
from events.measuring.measures import REPLAYS
from events.models import LogHead, Revision
from events.notify import doorbell
from events.pacing.turns import LoopTurns
from subscriptions.channel_layer.groups import Groups
from subscriptions.clients.access_watch import AccessWatch
from subscriptions.clients.connection import Connection
from subscriptions.clients.hub import Hub, Identities
from subscriptions.clients.in_force import put_in_force
from subscriptions.clients.subscription import Subscription
from subscriptions.clients.token_lookup import TokenLookup
from subscriptions.component_health import DATABASE, ComponentHealth
from subscriptions.live.follower import Follower
from subscriptions.live.lifetime import CannotStart, Lifetime
from subscriptions.protocol import commands
from subscriptions.recent.recent_events import read_recent_events
from subscriptions.replay.catch_up import CatchUp, Shared
from subscriptions.replay.request import Replay
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

CATCH_UPS_AT_ONCE = 4  # the others wait for their page: a storm of resumes must not starve what is live
CATCH_UPS_OF_USER = 2  # of these: nor must whoever asks for much starve the others who catch up
COMMAND_THREADS = 4  # handshakes and lookups of all sockets share them


class Gap(NamedTuple):
    """What a client missed: all after a position, or (None) nobody can say, for this reason."""

    after: int | None
    reason: str | None


class Dispatcher(Lifetime):
    """It runs while at least one handshake or connection holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.health = ComponentHealth()

    # --- life ---

    async def _start(self) -> None:
        self.threads = DatabaseThreads("commands", COMMAND_THREADS)
        self._readers = DatabaseThreads("catch-up", CATCH_UPS_AT_ONCE)
        self._thread = DatabaseThreads("dispatcher", 1)
        try:
            await self._begin()
        except DatabaseError as error:
            await self._close_threads()
            raise CannotStart(str(error)) from error
        except BaseException:
            await self._close_threads()
            raise

    async def _begin(self) -> None:
        """Read what is there, and follow it. Nothing runs yet where this raises."""
        registry, head, access = await self._thread.run(poll_database)
        recent = await self._thread.run(read_recent_events, head)
        self.hub = Hub(registry, head.epoch, head.position, self._join_groups)
        self.follower = Follower(self.hub, recent, self._thread, self.health, self._poll)
        turns: LoopTurns[int] = LoopTurns(CATCH_UPS_AT_ONCE, CATCH_UPS_OF_USER)
        self._shared = Shared(self.hub, recent, self._readers, turns)
        self.groups = Groups(self.follower.hear, self.health)
        self.token_lookup = TokenLookup(self.threads)
        self.access_watch = AccessWatch(self.threads, self.hub.connections, self._rechecked, access)
        if settings.EVENTHUB_DOORBELLS:
            self.groups.start()
        self._join_groups(())
        self._timer: asyncio.TimerHandle | None = None
        self._poll_regularly()
        self._task = asyncio.create_task(self.follower.run())

    async def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._task.cancel()
        async with AsyncExitStack() as last_first:  # each, also if this is cancelled while it waits for another
            last_first.push_async_callback(self._close_threads)
            last_first.push_async_callback(self.groups.stop)
            last_first.push_async_callback(self.token_lookup.stop)
            last_first.push_async_callback(self.access_watch.stop)
            await asyncio.gather(self._task, return_exceptions=True)

    async def _close_threads(self) -> None:
        await asyncio.gather(self.threads.close(), self._readers.close(), self._thread.close())

    # --- connections ---

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; False when its user, its address or the process has too many."""
        entered = self.hub.enter(connection)
        if entered:
            self.access_watch.keep_use(connection.identity)
            if self.access_watch.is_news(connection.identity):
                self.follower.request_poll()
        return entered

    async def leave(self, connection: Connection) -> None:
        """Let a connection go, whose transport has ended or is about to. Whoever has entered must leave."""
        try:
            if connection.backlog is not None:
                await connection.backlog.stop()
        finally:
            self.hub.leave(connection)
            await connection.outbox.stop()

    def replay(self, connection: Connection, subscriptions: list[Subscription], replay: Replay) -> None:
        """Begin subscriptions at the replay's beginning. Another replay of this connection comes first."""
        for subscription in subscriptions:
            self.hub.index(connection, subscription)
        REPLAYS.add()
        if connection.backlog is None:
            connection.catch_up(CatchUp(self._shared, connection, replay))
        else:
            connection.backlog.wait(replay)

    def _join_groups(self, event_types: Iterable[str]) -> None:
        groups = {doorbell.group_of(event_type) for event_type in event_types} | {doorbell.CONTROL_GROUP}
        self.groups.want(groups | {doorbell.OUTLINES_GROUP} if self.follower.holes.wants_outlines else groups)

    async def gap_after(self, after: str) -> Gap:
        """Return where a client that had all up to `after` goes on. Raises Refusal (`invalid_position`)."""
        epoch, position = commands.position_of(after)
        if epoch == self.hub.epoch and position > self.hub.position:
            # This process may lag behind the one that the client comes from: the database decides.
            head = await self.threads.run(reading.head)
            epoch = epoch if head.epoch == epoch and position <= head.position else ""
        return Gap(position, None) if epoch == self.hub.epoch else Gap(None, "epoch")

    # --- polling ---

    def _poll_regularly(self) -> None:
        """Poll once an interval, however many doorbells ring in between."""
        if interval := settings.EVENTHUB_LOOK_INTERVAL:
            self._timer = asyncio.get_running_loop().call_later(interval, self._poll_regularly)
        self.follower.request_poll()

    async def _poll(self) -> None:
        """Take what no doorbell need tell: the registry, events that a dead process left unplaced, stalled peers."""
        registry, head, access = await self._thread.run(poll_database)
        self.health.back(DATABASE)
        self.follower.head = head.position
        if registry is not self.hub.registry:
            await put_in_force(self.hub, self._thread, registry, {})
        self.access_watch.check_if_due(access)
        if head.epoch != self.hub.epoch or head.position < self.hub.position:
            await self._epoch_changed(head)
        self.hub.close_slow()
        self._join_groups(self.hub.types)
        self.groups.beat()
        if self.health.has_news:
            await self._thread.run(self.health.broadcast_changes)

    async def _epoch_changed(self, head: LogHead) -> None:
        """Follow another log: of a restored backup, or of a failover that lost commits. Positions mean nothing now."""
        if head.epoch == self.hub.epoch:
            logger.error(
                "The log's head went back from %d to %d: it begins a new epoch.", self.hub.position, head.position
            )
            head = await self._thread.run(reading.renew_epoch, self.hub.epoch)
        logger.warning("The log's epoch changed from %s to %s; all clients are told.", self.hub.epoch, head.epoch)
        # Read now: the same version may stand for another registry there.
        self.access_watch.begin_epoch()
        self.follower.begin_epoch(head, await self._thread.run(registry_cache.refresh))

    # --- the registry ---

    async def reread_registry(self) -> Registry:
        """Return the registry as the database has it, for a command that the cached one refuses."""
        registry = await self.threads.run(registry_cache.reread)
        if registry is not self.hub.registry:
            await put_in_force(self.hub, self.threads, registry, {})
        return self.hub.registry

    async def _rechecked(self, found: Identities) -> None:
        await put_in_force(self.hub, self.threads, self.hub.registry, found)


def poll_database() -> tuple[Registry, LogHead, int]:
    """Return what one poll of the dispatcher needs of the database: registry, head, and the revision of access. Where
    the head is of another epoch, so is the registry."""
    placing.place_abandoned()
    head = reading.head()
    return registry_cache.refresh(), head, Revision.current().access


_dispatchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Dispatcher] = WeakKeyDictionary()


def of_running_loop() -> Dispatcher:
    loop = asyncio.get_running_loop()
    if loop not in _dispatchers:
        _dispatchers[loop] = Dispatcher()
    return _dispatchers[loop]
