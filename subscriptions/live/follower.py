"""Follows the log, and offers each event to the connections that ask for it.

The events come with doorbells, as long as these have all of them, in order; for whatever is missing the log is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic, perf_counter, time
from typing import Any

from django.db import Error as DatabaseError  # InterfaceError too

from events.core.event_types import Registry
from events.core.position import position_id
from events.core.records import LoggedEvent
from events.log import reading
from events.measuring.measures import EVENTS_DELIVERED, EVENTS_REFUSED, LAG, LOG_READS, MATCHING
from events.models import LogHead
from events.notify import doorbell
from subscriptions.channel_layer.inbox import Inbox, Passed
from subscriptions.channel_layer.skipped import Skipped
from subscriptions.clients.hub import Hub
from subscriptions.component_health import DATABASE, ComponentHealth
from subscriptions.live.batch import Batch
from subscriptions.live.gathering import Gathering
from subscriptions.live.holes import Holes
from subscriptions.recent import ephemeral
from subscriptions.recent.arrivals import Arrivals
from subscriptions.recent.entries import Entry
from subscriptions.recent.recent_events import RecentEvents
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

READ_AT_ONCE = 500  # events; about 10 ms of reading
BATCH_S = 0.02  # seconds of matching before commands and handshakes get their turn
READ_AGAIN_AFTER = 1.0  # seconds
POLL_PAUSE = 0.1  # seconds between polls that are rung for: anybody who can write to the channel layer may ring


class Follower:
    def __init__(
        self,
        hub: Hub,
        recent: RecentEvents,
        thread: DatabaseThreads,
        health: ComponentHealth,
        poll: Callable[[], Awaitable[None]],
    ) -> None:
        """Follow the log for this hub. `poll` is awaited before the log is followed on, if `request_poll` has asked."""
        self.recent = recent
        self._hub = hub
        self._thread = thread
        self._health = health
        self._poll = poll
        self.poll_due = True  # at the next step
        self.head = 0  # of the log, when that was last polled
        self.woken = asyncio.Event()  # while there is something to do
        self._inbox = Inbox()
        self._gathering = Gathering()
        self._arrivals = Arrivals()
        self._unacceptable = Skipped(logger, "Events that are not logged came, and are dropped")
        self._polled_at = -POLL_PAUSE  # the loop's time
        self._poll_later: asyncio.TimerHandle | None = None
        self._behind = True  # the log has what the inbox has not, as far as we know
        self._brought = False  # since the last step something came into the inbox, which that step may have taken
        self.holes = Holes(self._end_waiting)

    @property
    def behind(self) -> int:
        """Return how many events the log has, as far as is known here, that have not been offered yet."""
        return max(0, self.head - self._hub.position, self._inbox.last - self._hub.position)

    # --- what wakes it ---

    def hear(self, message: dict[str, Any]) -> None:
        """Take a message of the channel layer."""
        if message.get("type") == doorbell.EVENT:
            self._dispatch_ephemeral(message)
            return
        if message.get("type") == doorbell.OUTLINE:
            if not self._inbox.put_outline(message, self._hub.epoch, self._hub.position):
                return
            self.holes.told()
        elif message.get("control"):
            self._poll_soon()
            return
        elif not self._inbox.put(message, self._hub.epoch, self._hub.position):
            self._behind = True
        elif self._inbox.is_empty:
            return  # the log had been read that far when it came
        self._brought = True
        self.woken.set()

    def _poll_soon(self) -> None:
        loop = asyncio.get_running_loop()
        wait = self._polled_at + POLL_PAUSE - loop.time()
        if wait <= 0:
            self.request_poll()
        elif self._poll_later is None:
            self._poll_later = loop.call_later(wait, self.request_poll)

    def request_poll(self) -> None:
        self._poll_later = None
        self.poll_due = True
        self.woken.set()

    def begin_epoch(self, head: LogHead, registry: Registry) -> None:
        """Follow another log."""
        self.recent.begin_after(head.position)
        self._inbox.clear()
        self.head = head.position
        self._hub.begin_epoch(head.epoch, head.position, registry)

    def _end_waiting(self) -> None:
        if not self._inbox.is_empty or self._hub.position < self.head:
            self.woken.set()

    # --- the loop ---

    async def run(self) -> None:
        while True:
            try:
                await self.step()
            except DatabaseError as error:
                logger.warning("The log cannot be read (%s); trying again.", error)
                self._health.lost(DATABASE, type(error).__name__)
                await asyncio.sleep(READ_AGAIN_AFTER)
                self.poll_due = self._behind = True
            except Exception:
                logger.exception("The dispatcher failed; it goes on.")
                await asyncio.sleep(READ_AGAIN_AFTER)
            await self.woken.wait()
            await self._gathering.wait(self._inbox)
            self.woken.clear()

    async def step(self) -> None:
        """Poll if that is due, then dispatch all that the log has after our position."""
        brought, self._brought = self._brought, False
        if self.poll_due:
            self.poll_due = False
            self._polled_at = asyncio.get_running_loop().time()
            self.holes.polled()
            await self._poll()
        elif not brought and not self._inbox and not self._inbox.has_outlines and self._hub.position >= self.head:
            self._behind = True  # there is something, and nobody has brought it
        while True:
            await self._take()
            if not self._behind and not self._has_hole():
                return
            self._behind, known = False, self._inbox.last
            LOG_READS.add()
            page = await self._thread.run(reading.read_after, self._hub.position, READ_AT_ONCE, None, self._hub.epoch)
            await self._dispatch(page.events)
            if not page.is_last:
                self._behind = True
            else:
                self._inbox.forget_up_to(known)  # not in the log: these belong to another epoch
                self._hub.position = max(self._hub.position, self.head)  # of whose events the last may be deleted

    def _has_hole(self) -> bool:
        """Return whether something after our position is missing, and is not to be waited for."""
        if self._inbox.is_empty and self._hub.position >= self.head:
            return False
        return not self.holes.may_be_told(self._hub.position)

    # --- dispatching ---

    async def _take(self) -> None:
        """Dispatch what the inbox has, up to a hole."""
        await self._dispatch(self._inbox.take_after(self._hub.position, self._hub.types))

    async def _dispatch(self, events: Iterable[LoggedEvent | Passed]) -> None:
        loop = asyncio.get_running_loop()
        began, last = monotonic(), None
        batch, deadline = Batch(), loop.time() + BATCH_S
        for event in events:
            if isinstance(event, Passed):
                self.recent.pass_over(event.type, event.position)
            else:
                self._match(event, batch)
                last = event
            self._hub.position = event.position
            if batch.is_full or loop.time() > deadline:
                batch.deliver()
                await asyncio.sleep(0)
                batch, deadline = Batch(), loop.time() + BATCH_S
        batch.deliver()
        if last is not None:
            self._gathering.dispatched(last, began)

    def _match(self, event: LoggedEvent, batch: Batch) -> None:
        entry = Entry(event, self._hub.epoch)
        self.recent.append(entry)
        began = perf_counter()
        try:
            if hits := self._hub.recipients(entry):
                MATCHING.observe(perf_counter() - began)
                LAG.observe(time() - event.timestamp.timestamp())
                batch.add(entry, hits)
        except Exception:
            id = position_id(self._hub.epoch, event.position)
            logger.exception("Event %s could not be dispatched and is skipped.", id, extra={"event": id})

    def _dispatch_ephemeral(self, message: dict[str, Any]) -> None:
        try:
            entry = ephemeral.received(message, self._hub.registry, self._arrivals)
            if hits := self._hub.recipients(entry):
                live = [connection for connection in hits.once() if connection.backlog is None]
                for connection in live:
                    connection.outbox.send(entry.frame)
                EVENTS_DELIVERED.add(len(live), entry.type)
        except ephemeral.Unacceptable as reason:
            EVENTS_REFUSED.add()
            self._unacceptable.one(reason)
        except Exception:
            logger.exception("An event that is not logged could not be dispatched and is dropped.")
