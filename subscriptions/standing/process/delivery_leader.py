"""What the process that delivers does while it leads: it follows the log, sends, and writes what has become of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from events.core.records import LoggedEvent
from events.leadership.leader import InDatabase, Leader
from events.leadership.lease import TTL
from events.log import reading, search
from events.log.reading import within_epoch
from events.notify import doorbell
from subscriptions.channel_layer.groups import Groups
from subscriptions.component_health import ComponentHealth
from subscriptions.models import DeliveryLease
from subscriptions.standing.attempts import Log, Now, Send
from subscriptions.standing.deliveries import Deliveries
from subscriptions.standing.process import record
from subscriptions.standing.process.record import CheckedPage
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

READ_AT_ONCE = 500  # events
READERS = 4  # threads that read the log for those that are behind
MAX_TOLD = 1_000  # events about deliveries that wait for the database


class Pace(NamedTuple):
    """Seconds between two …"""

    renewal: float = 5.0  # … renewals of the lease
    poll: float = 1.0  # … polls, in case a doorbell was lost
    poll_at_most: float = 0.1  # … polls that are rung for
    wake: float = 0.25  # … times that those wake up whose next attempt is due
    write: float = 1.0  # … writes of what was acknowledged: a crash repeats no more than that
    reload: float = 60.0  # … times that all is read again, also what no revision tells of


class LogReader:
    """Reads the log for those that are behind. What is read is of the epoch that is asked for."""

    def __init__(self) -> None:
        self._threads = DatabaseThreads("delivery", READERS)

    async def page(self, epoch: str, after: int, limit: int, types: Sequence[str]) -> CheckedPage:
        return await self._threads.run(within_epoch, epoch, record.read_page, after, limit, types)

    async def event(self, epoch: str, position: int) -> LoggedEvent | None:
        return await self._threads.run(within_epoch, epoch, search.find_event, position)

    async def events(self, epoch: str, positions: Collection[int]) -> dict[int, LoggedEvent]:
        return await self._threads.run(within_epoch, epoch, search.find_events, positions)

    async def close(self) -> None:
        await self._threads.close()


class DeliveryLeader(Leader):
    lease = DeliveryLease
    meanwhile = "nothing is sent until it is back"

    def __init__(
        self,
        epoch: int,
        in_database: InDatabase,
        send: Send,
        log: Log,
        pace: Pace = Pace(),  # noqa: B008
        ttl: timedelta = TTL,
        now: Now = timezone.now,
    ) -> None:
        super().__init__(epoch, in_database, ttl, pace.renewal)
        self.pace = pace
        self._now = now
        self.deliveries = Deliveries(send, log, timedelta(days=settings.EVENTHUB_SUSPEND_AFTER_DAYS), now)
        self._groups = Groups(self._hear, ComponentHealth())
        self._log_moved = asyncio.Event()
        self._poll_asked = asyncio.Event()
        self._known: tuple[int, int, int] | None = None
        self._reload_at = 0.0

    async def lead(self, stopping: asyncio.Event) -> None:
        if settings.EVENTHUB_DOORBELLS:
            self._groups.start()
        await super().lead(stopping)

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        return [self._poll(), self._follow(), self._wake(), self._write()]

    async def stop(self) -> None:
        await self.deliveries.attempts.stop()
        await self._groups.stop()

    async def record_rest(self) -> None:
        await self.write_once()

    def _hear(self, message: dict[str, Any]) -> None:
        """Take a doorbell: what it carries is read from the log."""
        if message.get("control"):
            self._poll_asked.set()
        elif message.get("type") != doorbell.EVENT:
            self._log_moved.set()

    async def _poll(self) -> None:
        while True:
            self._poll_asked.clear()
            await self.poll_once()
            self._groups.beat()
            await asyncio.sleep(self.pace.poll_at_most)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poll_asked.wait(), self.pace.poll)

    async def poll_once(self) -> None:
        """Take what has changed: the log's head, the event types, who may see what, the standing subscriptions."""
        polled = await self._ask(record.poll)
        if polled is None:
            return
        head, deliveries = polled.head, self.deliveries
        if head.epoch == deliveries.epoch and head.position < deliveries.position:
            await self._ask(reading.renew_epoch, head.epoch)
            if (polled := await self._ask(record.poll)) is None:
                return
            head = polled.head
        known, now = (polled.changes, polled.access, polled.registry.version), asyncio.get_running_loop().time()
        if head.epoch != deliveries.epoch or known != self._known or now >= self._reload_at:
            await self._ask(record.end_waiting_of_other_epochs, head.epoch, self._now())
            await self._ask(record.forget_ended_agents, self._now())
            if (loaded := await self._ask(record.load, head.epoch)) is None:
                return
            if head.epoch != deliveries.epoch:
                deliveries.begin(head, loaded)
            deliveries.settle(loaded, polled.registry, head)
            self._groups.want({doorbell.CONTROL_GROUP} | {doorbell.group_of(each) for each in deliveries.types})
            self._known, self._reload_at = known, now + self.pace.reload
        deliveries.attempts.confirm()
        deliveries.attempts.pump()
        if head.position > deliveries.position:
            self._log_moved.set()

    async def _follow(self) -> None:
        while True:
            await self._log_moved.wait()
            self._log_moved.clear()
            if await self.follow_once():
                self._log_moved.set()

    async def follow_once(self) -> bool:
        """Offer the next page of the log; return whether there is more."""
        deliveries = self.deliveries
        began = deliveries.epoch, deliveries.position
        if not deliveries.epoch:
            return False
        page = await self._ask(reading.read_after, deliveries.position, READ_AT_ONCE, None, deliveries.epoch)
        if page is None or not page.events or began != (deliveries.epoch, deliveries.position):
            return False
        deliveries.offer(page.events)
        return not page.is_last

    async def _wake(self) -> None:
        while True:
            await asyncio.sleep(self.pace.wake)
            self.deliveries.attempts.wake()

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(self.pace.write)
            await self._record_whole(self.write_once())

    async def write_once(self) -> None:
        """Write what has become of the deliveries. Raises LeaseLost."""
        deliveries = self.deliveries
        written = deliveries.take_written()
        told, deliveries.told = deliveries.told[:MAX_TOLD], deliveries.told[MAX_TOLD:]
        if not (written or told):
            return
        changed = await self._ask(record.write, self.epoch, written, deliveries.epoch, told)
        if changed is None:
            deliveries.put_back(written)
            deliveries.told = (told + deliveries.told)[-MAX_TOLD:]
        else:
            deliveries.forget_stopped(written)
