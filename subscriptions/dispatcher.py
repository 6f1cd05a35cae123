"""One a process and event loop: follows the log, and offers each event to the connections that ask for it.

The events come with doorbells, as long as these have all of them, in order; for whatever is missing the log is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError

from events import doorbell, log, snapshot
from events.letter import LoggedEvent
from events.models import LogHead, Revision
from events.registry import Registry
from subscriptions import ephemeral, protocol
from subscriptions.audience import Audience
from subscriptions.catchup import CatchUp, Replay
from subscriptions.component_health import DATABASE, ComponentHealth
from subscriptions.connection import Connection, Subscription
from subscriptions.database import DatabaseThreads
from subscriptions.mailbox import Mailbox
from subscriptions.membership import Membership
from subscriptions.reception import Reception
from subscriptions.ring import Entry, Ring, filled_ring
from subscriptions.slice import Slice
from subscriptions.watch import AccessWatch

logger = logging.getLogger(__name__)

READ_AT_ONCE = 500  # events; about 10 ms of reading
SLICE = 0.02  # seconds of dispatching before commands and handshakes get their turn
CATCH_UPS_AT_ONCE = 4  # the others wait for their page: a storm of resumes must not starve what is live
COMMAND_THREADS = 4  # handshakes and look-ups of all sockets share them


class CannotStart(Exception):
    """The log cannot be read, so nothing could be delivered."""


class Gap(NamedTuple):
    """What a client missed: all after a position, or (None) nobody can say, for this reason."""

    after: int | None
    reason: str | None


class Dispatcher:
    def __init__(self) -> None:
        self.skipped = 0  # events that could not be dispatched
        self._users = 0
        self._lifecycle = asyncio.Lock()
        self._woken = asyncio.Event()
        self._look_due = True
        self._health = ComponentHealth()
        self._mailbox = Mailbox()
        self._behind = True  # the log has what the mailbox has not, as far as we know

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
            registry, head, access = await self._thread.run(look)
            ring = await self._thread.run(filled_ring, head)
        except DatabaseError as error:
            await self._close_threads()
            raise CannotStart(str(error)) from error
        self.audience = Audience(registry, head.epoch, head.position, self._join_groups)
        self.ring = ring
        self._mailbox.clear()
        self.catch_up_turn = asyncio.Semaphore(CATCH_UPS_AT_ONCE)
        self.membership = Membership(self._ring, self._health)
        if settings.EVENTHUB_DOORBELLS:
            self.membership.start()
        self._join_groups(())
        self.reception = Reception(self.threads)
        self._watch = AccessWatch(self.threads, self.audience.connections, self.audience.judge, access)
        self._timer: asyncio.TimerHandle | None = None
        self._look_regularly()
        self._task = asyncio.create_task(self._run())

    async def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._watch.stop()
        await self.reception.stop()
        await self.membership.stop()
        await self._close_threads()

    async def _close_threads(self) -> None:
        await asyncio.gather(self.threads.close(), self.readers.close(), self._thread.close())

    # --- connections ---

    @property
    def epoch(self) -> str:
        return self.audience.epoch

    @property
    def position(self) -> int:
        return self.audience.position

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; False when its user, its address or the process has too many."""
        entered = self.audience.enter(connection)
        if entered and self._watch.is_news(connection.identity):
            self._look_is_due()
        return entered

    def replay(self, connection: Connection, subscriptions: list[Subscription], replay: Replay) -> None:
        """From the replay's beginning on. Another replay of this connection comes first."""
        for subscription in subscriptions:
            self.audience.put(connection, subscription)
        if connection.catchup is None:
            connection.catch_up(CatchUp(self, connection, replay))
        else:
            connection.catchup.wait(replay)

    def _join_groups(self, event_types: Iterable[str]) -> None:
        groups = {doorbell.group_of(event_type) for event_type in event_types}
        self.membership.want(groups | {doorbell.CONTROL_GROUP})

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
        if message.get("control"):
            self._look_due = True
        elif not self._mailbox.put(message, self.epoch, self.position):
            self._behind = True
        elif self._mailbox.is_empty:
            return  # the log had been read that far when it came
        self._woken.set()

    async def _run(self) -> None:
        while True:
            try:
                await self.step()
            except DatabaseError as error:
                logger.warning("The log cannot be read (%s); trying again.", error)
                self._health.lost(DATABASE, type(error).__name__)
                await asyncio.sleep(1)
                self._look_due = self._behind = True
            except Exception:
                logger.exception("The dispatcher failed; it goes on.")
                await asyncio.sleep(1)
            await self._woken.wait()
            self._woken.clear()

    def _look_is_due(self) -> None:
        self._look_due = True
        self._woken.set()

    def _look_regularly(self) -> None:
        """However many doorbells ring in between."""
        if interval := settings.EVENTHUB_LOOK_INTERVAL:
            self._timer = asyncio.get_running_loop().call_later(interval, self._look_regularly)
        self._look_is_due()

    async def step(self) -> None:
        """Look if that is due, then dispatch all that the log has after our position."""
        if self._look_due:
            self._look_due = False
            await self._look()
        self._behind = self._behind or self._mailbox.is_empty
        while True:
            await self._dispatch(self._mailbox.take_after(self.position))
            if not self._behind and self._mailbox.is_empty:
                return
            self._behind, known = False, self._mailbox.last
            events = await self._thread.run(log.read_after, self.position, READ_AT_ONCE)
            await self._dispatch(events)
            if len(events) == READ_AT_ONCE:
                self._behind = True
            else:
                self._mailbox.forget_up_to(known)  # what the log has not is of another one

    async def _look(self) -> None:
        """What no doorbell need tell: the registry, events that a dead process left unplaced, stalled peers."""
        registry, head, access = await self._thread.run(look)
        self._health.back(DATABASE)
        if registry is not self.audience.registry:
            self.audience.registry_changed(registry)
        self._watch.look(access)
        if head.epoch != self.epoch or head.position < self.position:
            await self._epoch_changed(head)
            self.audience.registry = registry  # of the other log, whose version may be a lower one
        self.audience.close_slow()
        self.membership.look()
        if self._health.has_news:
            await self._thread.run(self._health.tell)

    async def _epoch_changed(self, head: LogHead) -> None:
        """Another log: that of a restored backup, or of a failover that lost commits. Positions mean nothing now."""
        if head.epoch == self.epoch:
            logger.error("The log's head went back from %d to %d: it begins a new epoch.", self.position, head.position)
            head = await self._thread.run(log.renew_epoch, self.epoch)
        logger.warning("The log's epoch changed from %s to %s; all clients are told.", self.epoch, head.epoch)
        self.ring = Ring(head.position)
        self._mailbox.clear()
        self.audience.begin_epoch(head.epoch, head.position)

    # --- dispatching ---

    async def _dispatch(self, events: Iterable[LoggedEvent]) -> None:
        loop = asyncio.get_running_loop()
        slice, deadline = Slice(), loop.time() + SLICE
        for event in events:
            entry = Entry(event, self.epoch)
            self.ring.append(entry)
            try:
                if hits := self.audience.asking(entry):
                    slice.add(entry, hits)
            except Exception:
                self.skipped += 1
                logger.exception("Event %d could not be dispatched and is skipped.", event.position)
            self.audience.position = event.position
            if slice.is_full or loop.time() > deadline:
                slice.deliver()
                await asyncio.sleep(0)
                slice, deadline = Slice(), loop.time() + SLICE
        slice.deliver()

    def _dispatch_ephemeral(self, message: dict[str, Any]) -> None:
        try:
            entry = ephemeral.received(message, self.audience.registry)
            if hits := self.audience.asking(entry):
                for connection in hits.once():
                    if connection.catchup is None:
                        connection.outbox.send(entry.frame)
        except ephemeral.Unacceptable as reason:
            self.skipped += 1
            logger.warning("An event that is not logged came, and is dropped: %s.", reason)
        except Exception:
            self.skipped += 1
            logger.exception("An event that is not logged could not be dispatched and is dropped.")

    # --- the registry ---

    async def look_again(self) -> Registry:
        """The registry as the database has it, for a command that the cached one refuses."""
        registry = await self.threads.run(snapshot.look_again)
        if registry is not self.audience.registry:
            self.audience.registry_changed(registry)
        return self.audience.registry


def look() -> tuple[Registry, LogHead, int]:
    """What one look of the dispatcher needs of the database: registry, head, and the revision of access."""
    registry = snapshot.refresh()
    log.place_abandoned()
    return registry, log.head(), Revision.objects.values_list("access", flat=True).get()


_dispatchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Dispatcher] = WeakKeyDictionary()


def of_running_loop() -> Dispatcher:
    loop = asyncio.get_running_loop()
    if loop not in _dispatchers:
        _dispatchers[loop] = Dispatcher()
    return _dispatchers[loop]
