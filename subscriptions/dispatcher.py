"""One a process and event loop: reads the log in order, matches, and offers each event to the connections that ask."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError

from events import doorbell, log, snapshot
from events.log import LoggedEvent
from events.models import LogHead, Revision, position_id
from events.registry import Registry
from subscriptions import ephemeral, protocol
from subscriptions.admission import Admission, uncount
from subscriptions.auth import Identity
from subscriptions.catchup import CatchUp, Replay
from subscriptions.connection import Connection, Subscription
from subscriptions.database import DatabaseThreads
from subscriptions.endings import why_ended
from subscriptions.ephemeral import EphemeralEntry
from subscriptions.matcher import Matcher
from subscriptions.membership import Membership
from subscriptions.ring import Entry, Ring
from subscriptions.stretches import Stretch
from subscriptions.watch import AccessWatch

logger = logging.getLogger(__name__)

READ_AT_ONCE = 500  # events; about 10 ms of reading
SLICE = 0.02  # seconds of dispatching before commands and handshakes get their turn
SLICE_CHARACTERS = 128 * 1024  # for one connection, before its writer gets its turn: far below an outbox's bounds
CATCH_UPS_AT_ONCE = 4  # the others wait for their page: a storm of resumes must not starve what is live
COMMAND_THREADS = 4  # handshakes and look-ups of all sockets share them
MAX_UNSENT_IN_ALL = 256 * 1024 * 1024  # characters; over that the slowest connections are closed first


class CannotStart(Exception):
    """The log cannot be read, so nothing could be delivered."""


class Gap(NamedTuple):
    """What a client missed: all after a position, or (None) nobody can say, for this reason."""

    after: int | None
    reason: str | None


class Dispatcher:
    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.matcher: Matcher[Connection] = Matcher()
        self.types: Counter[str] = Counter()  # event type → subscriptions to it
        self.position = 0  # everything up to here has been offered
        self.skipped = 0  # events that could not be dispatched
        self._admission = Admission()
        self._users = 0
        self._lifecycle = asyncio.Lock()
        self._woken = asyncio.Event()
        self._look_due = True

    # --- life ---

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While at least one handshake or connection is inside, the dispatcher runs."""
        async with self._lifecycle:
            if self._users == 0:
                await self._start()
            self._users += 1
        try:
            yield
        finally:
            async with self._lifecycle:
                self._users -= 1
                if self._users == 0:
                    await self._stop()

    async def _start(self) -> None:
        self.threads = DatabaseThreads("commands", COMMAND_THREADS)
        self.readers = DatabaseThreads("catch-up", CATCH_UPS_AT_ONCE)
        self._thread = DatabaseThreads("dispatcher", 1)
        try:
            self.registry, head, access = await self._thread.run(look)
        except DatabaseError as error:
            await self._close_threads()
            raise CannotStart(str(error)) from error
        self.epoch, self.position = head.epoch, head.position
        self.ring = Ring(head.position)
        self.catch_up_turn = asyncio.Semaphore(CATCH_UPS_AT_ONCE)
        self.membership = Membership(self._ring)
        if settings.EVENTHUB_DOORBELLS:
            self.membership.start()
        self._join_groups()
        self._watch = AccessWatch(self.threads, self.connections, self._judge, access)
        self._task = asyncio.create_task(self._run())

    async def _stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._watch.stop()
        await self.membership.stop()
        await self._close_threads()

    async def _close_threads(self) -> None:
        await asyncio.gather(self.threads.close(), self.readers.close(), self._thread.close())

    # --- connections and subscriptions: one step each, without an await between check and effect ---

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; False when its user, its address or the process has too many."""
        if not self._admission.admit(connection):
            return False
        connection.visible = self.registry.visible_to(connection.identity.viewer)
        self.connections.add(connection)
        if self._watch.is_news(connection.identity):
            self._look_is_due()
        return True

    def leave(self, connection: Connection) -> None:
        for subscription in list(connection.subscriptions.values()):
            self._take(connection, subscription)
        self.connections.remove(connection)
        self._admission.dismiss(connection)

    def subscribe(self, connection: Connection, subscription: Subscription) -> None:
        """From now on."""
        subscription.start = self.now(connection)
        self._put(connection, subscription)
        if connection.catchup is not None:
            connection.catchup.add(subscription)

    def replay(self, connection: Connection, subscriptions: list[Subscription], replay: Replay) -> None:
        """From the replay's beginning on. Another replay of this connection comes first."""
        for subscription in subscriptions:
            self._put(connection, subscription)
        if connection.catchup is None:
            connection.catch_up(CatchUp(self, connection, replay))
        else:
            connection.catchup.wait(replay)

    def change(self, connection: Connection, subscription: Subscription, before: Subscription) -> None:
        """The same subscription asks for something else from now on."""
        subscription.start = self.now(connection)
        self._take(connection, before)
        self._put(connection, subscription)
        if connection.catchup is not None:
            connection.catchup.change(subscription, before)
        else:
            self._remember(connection, before)

    def unsubscribe(self, connection: Connection, subscription: Subscription) -> None:
        self._take(connection, subscription)
        if connection.catchup is not None:
            connection.catchup.remove(subscription)
        else:
            self._remember(connection, subscription)

    def _remember(self, connection: Connection, subscription: Subscription) -> None:
        served = self.served(connection)
        if subscription.start < served:
            connection.remember(Stretch(subscription.id, subscription.of_type, subscription.start, served))

    def _put(self, connection: Connection, subscription: Subscription) -> None:
        connection.subscriptions[subscription.id] = subscription
        for event_type, filter in subscription.of_type.items():
            self.matcher.add(event_type, filter, connection)
            self.types[event_type] += 1
        self._join_groups()

    def _take(self, connection: Connection, subscription: Subscription) -> None:
        del connection.subscriptions[subscription.id]
        for event_type, filter in subscription.of_type.items():
            self.matcher.remove(event_type, filter, connection)
            uncount(self.types, event_type)
        self._join_groups()

    def _join_groups(self) -> None:
        groups = {doorbell.group_of(event_type) for event_type in self.types}
        self.membership.want(groups | {doorbell.CONTROL_GROUP})

    def served(self, connection: Connection) -> int:
        """The position up to which a live connection has been sent all that it asks for."""
        return max(self.position, int(connection.floor))

    def now(self, connection: Connection) -> int:
        """The position after which a subscription of this connection begins that is made now."""
        return self.served(connection) if connection.catchup is None else connection.catchup.now

    def position_id_of(self, position: int) -> str:
        return position_id(self.epoch, position)

    def position_of(self, connection: Connection) -> str:
        """The position to tell a client: it has been sent all that it asks for up to there."""
        catchup = connection.catchup
        return self.position_id_of(self.served(connection) if catchup is None else catchup.position)

    async def gap_after(self, after: str) -> Gap:
        """Where a client that had all up to `after` goes on. Raises Refusal (`invalid_position`)."""
        epoch, position = protocol.position_of(after)
        if epoch == self.epoch and position > self.position:
            # This process may lag behind the one that the client comes from: the database decides.
            head = await self.threads.run(log.head)
            epoch = epoch if head.epoch == epoch and position <= head.position else ""
        return Gap(position, None) if epoch == self.epoch else Gap(None, "epoch")

    # --- the loop ---

    def _ring(self, message: dict[str, Any]) -> None:
        if message.get("type") == doorbell.EVENT:
            self._dispatch_ephemeral(message)
            return
        self._look_due = self._look_due or bool(message.get("control"))
        self._woken.set()

    async def _run(self) -> None:
        while True:
            try:
                await self.step()
            except DatabaseError as error:
                logger.warning("The log cannot be read (%s); trying again.", error)
                await asyncio.sleep(1)
                self._look_due = True
            except Exception:
                logger.exception("The dispatcher failed; it goes on.")
                await asyncio.sleep(1)
            await self._wait()

    async def _wait(self) -> None:
        """Until a doorbell, or the time of the next look."""
        interval = settings.EVENTHUB_LOOK_INTERVAL
        loop = asyncio.get_running_loop()
        timer = loop.call_later(interval, self._look_is_due) if interval else None
        await self._woken.wait()
        self._woken.clear()
        if timer is not None:
            timer.cancel()

    def _look_is_due(self) -> None:
        self._look_due = True
        self._woken.set()

    async def step(self) -> None:
        """Look if that is due, then dispatch all that the log has after our position."""
        if self._look_due:
            self._look_due = False
            await self._look()
        while True:
            events = await self._thread.run(log.read_after, self.position, READ_AT_ONCE)
            await self._dispatch(events)
            if len(events) < READ_AT_ONCE:
                return

    async def _look(self) -> None:
        """What no doorbell need tell: the registry, events that a dead process left unplaced, stalled peers."""
        registry, head, access = await self._thread.run(look)
        if registry is not self.registry:
            self._registry_changed(registry)
        self._watch.look(access)
        if head.epoch != self.epoch or head.position < self.position:
            await self._epoch_changed(head)
            self.registry = registry  # of the other log, whose version may be a lower one
        self._close_slow()

    async def _epoch_changed(self, head: LogHead) -> None:
        """Another log: that of a restored backup, or of a failover that lost commits. Positions mean nothing now."""
        if head.epoch == self.epoch:
            logger.error("The log's head went back from %d to %d: it begins a new epoch.", self.position, head.position)
            head = await self._thread.run(log.renew_epoch, self.epoch)
        logger.warning("The log's epoch changed from %s to %s; all clients are told.", self.epoch, head.epoch)
        self.epoch, self.position = head.epoch, head.position
        self.ring = Ring(head.position)
        for connection in self.connections:
            connection.outbox.close(protocol.EPOCH_CHANGED)

    def _close_slow(self) -> None:
        unsent = 0
        for connection in self.connections:
            connection.outbox.check_progress()
            unsent += connection.outbox.unsent
        if unsent <= MAX_UNSENT_IN_ALL:
            return
        for connection in sorted(self.connections, key=lambda each: each.outbox.unsent, reverse=True):
            unsent -= connection.outbox.unsent
            connection.outbox.close(protocol.TOO_SLOW)
            if unsent <= MAX_UNSENT_IN_ALL:
                return

    # --- dispatching ---

    async def _dispatch(self, events: Iterable[LoggedEvent]) -> None:
        loop = asyncio.get_running_loop()
        touched: set[Connection] = set()
        deadline, offered = loop.time() + SLICE, 0
        for event in events:
            entry = Entry(event, self.epoch)
            self.ring.append(entry)
            try:
                offered += self._offer(entry, touched)
            except Exception:
                self.skipped += 1
                logger.exception("Event %d could not be dispatched and is skipped.", event.position)
            self.position = event.position
            if offered > SLICE_CHARACTERS or loop.time() > deadline:
                flush(touched)
                await asyncio.sleep(0)
                deadline, offered = loop.time() + SLICE, 0
        flush(touched)

    def _dispatch_ephemeral(self, message: dict[str, Any]) -> None:
        touched: set[Connection] = set()
        try:
            self._offer(ephemeral.received(message, self.registry), touched)
        except ephemeral.Unacceptable as reason:
            self.skipped += 1
            logger.warning("An event that is not logged came, and is dropped: %s.", reason)
        except Exception:
            self.skipped += 1
            logger.exception("An event that is not logged could not be dispatched and is dropped.")
        flush(touched)

    def _offer(self, entry: Entry | EphemeralEntry, touched: set[Connection]) -> int:
        """Give an event to the connections that ask for it; the characters that one of them gets."""
        if entry.type not in self.types:
            return 0
        asking = self.matcher.match(entry.type, entry.payload)
        if not asking:
            return 0
        frame = entry.frame
        for connection in asking:
            if entry.position > connection.floor:
                connection.outbox.offer(frame)
        touched.update(asking)
        return len(frame)

    # --- the registry ---

    async def look_again(self) -> Registry:
        """The registry as the database has it, for a command that the cached one refuses."""
        registry = await self.threads.run(snapshot.look_again)
        if registry is not self.registry:
            self._registry_changed(registry)
        return self.registry

    def _registry_changed(self, registry: Registry) -> None:
        if registry.version <= self.registry.version:  # two threads looked, and the older answer came last
            return
        before, self.registry = self.registry, registry
        for connection in self.connections:
            self._review(connection, before)

    def _judge(self, connection: Connection, identity: Identity | None) -> None:
        """Access to all, or to some event types, may have ended while the socket is open."""
        if identity is None:
            connection.outbox.close(protocol.ACCESS_ENDED)
            return
        before, connection.identity = connection.identity, identity
        if identity.viewer != before.viewer:
            self._review(connection, self.registry)

    def _review(self, connection: Connection, before: Registry) -> None:
        """End what the connection may no longer have, and tell it that there is other metadata."""
        connection.visible = self.registry.visible_to(connection.identity.viewer)
        for subscription in list(connection.subscriptions.values()):
            if reason := why_ended(subscription, connection, before, self.registry):
                self.unsubscribe(connection, subscription)
                connection.send(protocol.unsubscribed(subscription.id, self.position_of(connection), reason=reason))
        if connection.knows_metadata:
            connection.send(protocol.metadata_changed(self.registry.version))


def look() -> tuple[Registry, LogHead, int]:
    """What one look of the dispatcher needs of the database: registry, head, and the revision of access."""
    registry = snapshot.refresh()
    log.place_abandoned()
    return registry, log.head(), Revision.objects.values_list("access", flat=True).get()


def flush(touched: set[Connection]) -> None:
    for connection in touched:
        connection.outbox.flush()
    touched.clear()


_dispatchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Dispatcher] = WeakKeyDictionary()


def of_running_loop() -> Dispatcher:
    loop = asyncio.get_running_loop()
    if loop not in _dispatchers:
        _dispatchers[loop] = Dispatcher()
    return _dispatchers[loop]
