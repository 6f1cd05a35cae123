"""One a process and event loop: reads the log in order, matches, and offers each event to the connections that ask."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import msgspec
from django.conf import settings
from django.db import DatabaseError

from events import doorbell, log, snapshot
from events.log import LoggedEvent
from events.models import position_id
from events.registry import EventType, Registry
from subscriptions import protocol
from subscriptions.connection import Connection, Subscription
from subscriptions.database import DatabaseThreads
from subscriptions.matcher import Matcher
from subscriptions.membership import Membership

logger = logging.getLogger(__name__)

K = TypeVar("K", bound=Hashable)

READ_AT_ONCE = 500  # events; about 10 ms of reading
SLICE = 0.02  # seconds of dispatching before commands and handshakes get their turn
COMMAND_THREADS = 4  # handshakes and look-ups of all sockets share them
MAX_UNSENT_IN_ALL = 256 * 1024 * 1024  # characters; over that the slowest connections are closed first


class CannotStart(Exception):
    """The log cannot be read, so nothing could be delivered."""


class Dispatcher:
    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.matcher: Matcher[Connection] = Matcher()
        self.types: Counter[str] = Counter()  # event type → subscriptions to it
        self.position = 0  # everything up to here has been offered
        self.skipped = 0  # events that could not be dispatched
        self._of_user: Counter[int] = Counter()  # connections
        self._of_address: Counter[str] = Counter()
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
        self._thread = DatabaseThreads("dispatcher", 1)
        try:
            self.registry, head = await self._thread.run(lambda: (snapshot.refresh(), log.head()))
        except DatabaseError as error:
            await self._close_threads()
            raise CannotStart(str(error)) from error
        self.epoch, self.position = head.epoch, head.position
        self.membership = Membership(self._ring)
        if settings.EVENTHUB_DOORBELLS:
            self.membership.start()
        self._join_groups()
        self._task = asyncio.create_task(self._run())

    async def _stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.membership.stop()
        await self._close_threads()

    async def _close_threads(self) -> None:
        await asyncio.gather(self.threads.close(), self._thread.close())

    # --- connections and subscriptions: one step each, without an await between check and effect ---

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; False when its user, its address or the process has too many."""
        user, address = connection.identity.user_id, connection.address
        if (
            len(self.connections) >= settings.EVENTHUB_MAX_CONNECTIONS
            or self._of_user[user] >= settings.EVENTHUB_MAX_CONNECTIONS_PER_USER
            or self._of_address[address] >= settings.EVENTHUB_MAX_CONNECTIONS_PER_ADDRESS
        ):
            return False
        connection.visible = self.registry.visible_to(connection.identity.viewer)
        self.connections.add(connection)
        self._of_user[user] += 1
        self._of_address[address] += 1
        return True

    def leave(self, connection: Connection) -> None:
        for subscription in list(connection.subscriptions.values()):
            self.unsubscribe(connection, subscription)
        self.connections.remove(connection)
        uncount(self._of_user, connection.identity.user_id)
        uncount(self._of_address, connection.address)

    def subscribe(self, connection: Connection, subscription: Subscription) -> None:
        connection.subscriptions[subscription.id] = subscription
        for event_type, filter in subscription.of_type.items():
            self.matcher.add(event_type, filter, connection)
            self.types[event_type] += 1
        self._join_groups()

    def unsubscribe(self, connection: Connection, subscription: Subscription) -> None:
        del connection.subscriptions[subscription.id]
        for event_type, filter in subscription.of_type.items():
            self.matcher.remove(event_type, filter, connection)
            uncount(self.types, event_type)
        self._join_groups()

    def _join_groups(self) -> None:
        groups = {doorbell.group_of(event_type) for event_type in self.types}
        self.membership.want(groups | {doorbell.CONTROL_GROUP})

    @property
    def position_id(self) -> str:
        return position_id(self.epoch, self.position)

    # --- the loop ---

    def _ring(self, message: dict[str, Any]) -> None:
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
        registry = await self._thread.run(snapshot.refresh)
        if registry is not self.registry:
            self._registry_changed(registry)
        await self._thread.run(log.place_abandoned)
        self._close_slow()

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
        deadline = loop.time() + SLICE
        for event in events:
            try:
                self._offer(event, touched)
            except Exception:
                self.skipped += 1
                logger.exception("Event %d could not be dispatched and is skipped.", event.position)
            self.position = event.position
            if loop.time() > deadline:
                flush(touched)
                await asyncio.sleep(0)
                deadline = loop.time() + SLICE
        flush(touched)

    def _offer(self, event: LoggedEvent, touched: set[Connection]) -> None:
        if event.type not in self.types:
            return
        asking = self.matcher.match(event.type, msgspec.json.decode(event.data))
        if not asking:
            return
        id = position_id(self.epoch, event.position)
        frame = protocol.event(event.type, id, event.timestamp, event.data)
        for connection in asking:
            connection.outbox.offer(frame)
        touched.update(asking)

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
            connection.visible = registry.visible_to(connection.identity.viewer)
            for subscription in list(connection.subscriptions.values()):
                if reason := why_ended(subscription, connection, before, registry):
                    self.unsubscribe(connection, subscription)
                    connection.send(protocol.unsubscribed(subscription.id, self.position_id, reason=reason))
            if connection.knows_metadata:
                connection.send(protocol.metadata_changed(registry.version))


def uncount(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def flush(touched: set[Connection]) -> None:
    for connection in touched:
        connection.outbox.flush()
    touched.clear()


def why_ended(subscription: Subscription, connection: Connection, before: Registry, now: Registry) -> str | None:
    """Why a change of the registry ends a subscription, or None: new labels end nothing."""
    for type_id, filter in subscription.of_type.items():
        event_type = now.types.get(type_id)
        if event_type is None or not event_type.active:
            return "event_type_removed"
        if type_id not in connection.visible:
            return "access_revoked"
        old = before.types[type_id]
        if any(meaning(old, condition.name) != meaning(event_type, condition.name) for condition in filter):
            return "event_type_changed"
    return None


def meaning(event_type: EventType, name: str) -> tuple[Any, ...] | None:
    """What a filter of this name asks, as far as it decides which events match."""
    field = event_type.field(name)
    if field is None:
        return None
    return field.type, field.data_key, field.operator, field.folded_options


_dispatchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Dispatcher] = WeakKeyDictionary()


def of_running_loop() -> Dispatcher:
    loop = asyncio.get_running_loop()
    if loop not in _dispatchers:
        _dispatchers[loop] = Dispatcher()
    return _dispatchers[loop]
