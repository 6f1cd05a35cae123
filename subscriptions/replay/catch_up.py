"""Sends one connection what it missed, and what happens meanwhile, until it is live.

A connection is either live, served by the dispatcher, or catching up, served by the one task of its `CatchUp` while the
dispatcher leaves it out. The step from the one to the other has no await in it: there is neither gap nor overlap.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

from django.db import Error as DatabaseError  # InterfaceError too

from events.core import filters
from events.log import reading
from events.log.pages import LogPage
from events.measuring.measures import EVENTS_REPLAYED
from events.pacing.turns import LoopTurns
from subscriptions.clients.connection import Connection
from subscriptions.clients.hub import Hub
from subscriptions.protocol.endings import Ending
from subscriptions.recent.entries import Entry
from subscriptions.recent.recent_events import RecentEvents
from subscriptions.replay.ledger import Ledger
from subscriptions.replay.request import MAX_LOOKED_AT, Replay
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

PAGE = 500  # rows; about 10 ms of reading
# Seconds of matching before others get their turn; several catch-ups may have theirs before the dispatcher.
TURN_S = 0.005
PAUSE_ABOVE = 256 * 1024  # characters in the outbox, above which reading waits for the peer
RETRY_AFTER = 1.0  # seconds, when the log cannot be read


class Shared(NamedTuple):
    """What all catch-ups of a process share."""

    hub: Hub
    recent: RecentEvents
    readers: DatabaseThreads
    turns: LoopTurns[int]  # by the user's key


class CatchUp(Ledger):
    """A ledger, and the task that reads and sends what is owed by it."""

    def __init__(self, shared: Shared, connection: Connection, replay: Replay) -> None:
        hub, self._recent, self._readers, self._turns = shared
        super().__init__(hub, connection, replay)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while not self._connection.outbox.closing:
                async with self._turns.turn(self._connection.identity.user_id):
                    if self._replay.last and not self._replay.is_over:
                        await self._read_back(self._replay)
                        continue
                    if await self._serve():
                        return
                await self._connection.outbox.room(PAUSE_ABOVE)
        except Exception:
            logger.exception("A catch-up failed; the connection is closed, and may resume.")
            self._connection.outbox.close(Ending.INTERNAL_ERROR)

    async def _serve(self) -> bool:
        """Send one page, and near the head all that is left; return whether the connection is live now. Behind hundreds
        of others the next turn comes when the log has moved on again: no replay would end while events pour in."""
        while not self._connection.outbox.closing:
            if self._behind:
                if not await self._serve_page():
                    return False
            elif self._replay.read_log and self._replay.reason is None:
                await self._check_if_pruned(self._replay)
            else:
                return self._finish()
        return False

    async def _serve_page(self) -> bool:
        """Send one page; return whether it was sent to its end, and was the last one."""
        # Where the dispatcher has not been yet, there are no recent events.
        behind = self._cursor < self._hub.position
        types = set(self._owed.types)
        recent = self._recent.after(self._cursor, PAGE, types) if behind else None
        if recent is not None:
            entries, is_last = recent
            end = self._hub.position if is_last else entries[-1].position
        else:
            self._replay.read_log = True
            head, page = await self._read(read_page, self._cursor, types, self._hub.epoch)
            end, is_last = page.read_up_to(head), page.is_last
            entries = [Entry(event, self._hub.epoch) for event in page.events]
        replay, before = self._replay, self._replay.sent
        complete = await self._send(entries, types)
        EVENTS_REPLAYED.add(replay.sent - before)
        if not complete:
            return False
        self._cursor = max(self._cursor, end)
        return is_last

    async def _send(self, entries: Sequence[Entry], types: set[str]) -> bool:
        """Offer what is owed of a page, which was read for these types. Return False when the rest must be
        read again from the cursor: types were added meanwhile, the replay has reached its limit, or the peer must
        read."""
        loop = asyncio.get_running_loop()
        outbox = self._connection.outbox
        replay = self._replay
        deadline = loop.time() + TURN_S
        for entry in entries:
            if outbox.unsent > PAUSE_ABOVE or not self._owed.types <= types:
                outbox.flush()
                return False
            if self._owes(entry):
                outbox.offer(entry.frame)
                replay.sent += 1
            replay.looked_at += 1
            self._cursor = entry.position
            if replay.is_over_limit:
                self._give_up()
                outbox.flush()
                return False
            if loop.time() > deadline:
                outbox.flush()
                await asyncio.sleep(0)
                deadline = loop.time() + TURN_S
        outbox.flush()
        return self._owed.types <= types

    async def _read_back(self, replay: Replay) -> None:
        """Read one page backwards, to where the newest `last` events that match begin; the replay begins there."""
        interval = replay.intervals[0]
        page = await self._read(reading.read_before, replay.after + 1, PAGE, interval.of_type.keys())
        for event in page.events:
            replay.after = event.position - 1
            payload = Entry(event, self._hub.epoch).payload
            replay.last -= filters.matches(interval.of_type[event.type], payload)
            if not replay.last:
                break
        replay.looked_at += len(page.events)
        if replay.last and not page.is_last and replay.looked_at < MAX_LOOKED_AT:
            return
        if replay.last and not page.is_last:
            replay.reason = "limit"
        replay.last = replay.looked_at = 0
        if not replay.is_over:
            interval.start = replay.after
            if interval.end == math.inf:
                self._connection.subscriptions[interval.subscription_id].start = replay.after
        self._cursor = min(self._cursor, replay.after)

    async def _check_if_pruned(self, replay: Replay) -> None:
        """Find out whether events were pruned; only after the last page, since that may happen while a replay reads."""
        replay.read_log = False
        types = {event_type for interval in replay.intervals for event_type in interval.of_type}
        if await self._read(reading.is_pruned, replay.after, types):
            replay.reason = "expired"

    async def _read(self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Read the log; when that fails, try again until it can be read."""
        while True:
            try:
                return await self._readers.run(read, *args, **kwargs)
            except DatabaseError as error:
                logger.warning("The log cannot be read for a catch-up (%s); trying again.", error)
                await asyncio.sleep(RETRY_AFTER)


def read_page(after: int, types: Collection[str], epoch: str) -> tuple[int, LogPage]:
    """Return the next page of events of these types, and the log's head from before it was read. In another epoch it is
    empty: its beginning sends the client away."""
    head = reading.head().position
    return head, reading.read_after(after, PAGE, types, epoch=epoch)
