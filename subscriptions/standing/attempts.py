"""Whose turn it is to send, and what becomes of it. However many destinations hang, the others have their share."""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import Error as DatabaseError  # InterfaceError too

from events.core.records import LoggedEvent
from subscriptions.models import Destination
from subscriptions.standing.answer import Answer, failed
from subscriptions.standing.failures import GAP
from subscriptions.standing.kinds import messages
from subscriptions.standing.message import Message
from subscriptions.standing.people import text
from subscriptions.standing.people.groups import Batch
from subscriptions.standing.people.runner import PeopleRunner
from subscriptions.standing.process.record import CheckedPage
from subscriptions.standing.runner import TEST, Item, Runner

logger = logging.getLogger(__name__)

AT_ONCE = 256  # deliveries on their way, to destinations that answered quickly the last time …
SLOW_AT_ONCE = 256  # … and to those that did not
OF_OWNER = 64  # of either, that are one owner's: whoever has many that hang leaves others their share
SLOW_S = 2.0  # seconds of a delivery that make its destination a slow one
NOBODY = 0  # whose work is not cancelled with a subscription
FRESH_S = 5.0  # seconds for which it counts what the owners may see; then nothing is sent until it is known again
READ_AGAIN_S = 1.0  # seconds after which the log is read again if the database was away

INTERNAL = failed("internal", "The delivery itself failed; the log of the process says more.")

Send = Callable[[Destination, Message], Awaitable[Answer]]
Now = Callable[[], datetime]


class Log(Protocol):
    """Where events are read, in threads that wait for the database. All raise DatabaseError: EpochOver,
    if the log is in another epoch now."""

    async def page(self, epoch: str, after: int, limit: int, types: Sequence[str]) -> CheckedPage: ...

    async def event(self, epoch: str, position: int) -> LoggedEvent | None: ...

    async def events(self, epoch: str, positions: Collection[int]) -> dict[int, LoggedEvent]: ...


class Attempts:
    def __init__(
        self, runners: Mapping[int, Runner], send: Send, log: Log, now: Now, after: Callable[[Runner], None]
    ) -> None:
        """Send for these runners, by `send`. `after` is called after each attempt: it says `ready`."""
        self.epoch = ""
        self._runners = runners
        self._send = send
        self._log = log
        self._now = now
        self._after = after
        self._ready = {False: deque[int](), True: deque[int]()}  # quick and slow ones that may have something to send
        self._on_their_way = {False: 0, True: 0}
        self._of_owner: dict[bool, Counter[int]] = {False: Counter(), True: Counter()}
        self._in_ready: set[int] = set()
        self._due: list[tuple[datetime, int]] = []
        self._fresh_until: datetime | None = None
        self._tasks: dict[asyncio.Task[None], int] = {}

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def confirm(self) -> None:
        """Note that what the owners may see has just been read."""
        self._fresh_until = self._now() + timedelta(seconds=FRESH_S)

    def ready(self, runner: Runner) -> None:
        """Note that a runner may have something to send."""
        if runner.row.pk not in self._in_ready:
            self._in_ready.add(runner.row.pk)
            self._ready[runner.slow].append(runner.row.pk)

    def wake(self) -> None:
        """Let those send whose next attempt is due."""
        now = self._now()
        while self._due and self._due[0][0] <= now:
            runner = self._runners.get(heapq.heappop(self._due)[1])
            if runner is not None:
                runner.waits_until = None
                self.ready(runner)
        self.pump()

    def pump(self) -> None:
        """Begin what can be begun: one delivery of each in turn."""
        now = self._now()
        if self._fresh_until is None or now > self._fresh_until:
            return
        for slow, most in ((False, AT_ONCE), (True, SLOW_AT_ONCE)):
            ready, of_owner = self._ready[slow], self._of_owner[slow]
            passed_over: list[int] = []
            while ready and self._on_their_way[slow] < most:
                pk = ready.popleft()
                runner = self._runners.get(pk)
                if runner is not None and of_owner[runner.row.owner_id] >= OF_OWNER:
                    passed_over.append(pk)
                    continue
                self._in_ready.discard(pk)
                item = None if runner is None else runner.take(now)
                if runner is None:
                    continue
                if item is None:
                    self._wait_for(runner)
                    continue
                self._on_their_way[slow] += 1
                of_owner[runner.row.owner_id] += 1
                self.start(self._deliver(runner, item, slow=slow), pk)
                self.ready(runner)
            ready.extendleft(reversed(passed_over))

    def _wait_for(self, runner: Runner) -> None:
        if (due := runner.next_due()) is not None and due != runner.waits_until:
            runner.waits_until = due
            heapq.heappush(self._due, (due, runner.row.pk))

    def start(self, work: Coroutine[Any, Any, None], pk: int) -> None:
        """Do some work of a runner; it is cancelled with it."""
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks[task] = pk
        task.add_done_callback(self._tasks.pop)

    async def _deliver(self, runner: Runner, item: Item, *, slow: bool) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await self._attempt(runner, item)
        finally:
            runner.slow = loop.time() - began > SLOW_S
            self._on_their_way[slow] -= 1
            self._of_owner[slow][runner.row.owner_id] -= 1
        if self._runners.get(runner.row.pk) is runner:
            self._after(runner)
        self.pump()

    async def _attempt(self, runner: Runner, item: Item) -> None:
        """Send an item, if its owner may see it now, and note what became of it."""
        event, event_type = item.event, runner.failures.event_type(item.position)
        told: Message | None = None
        try:
            if isinstance(runner, PeopleRunner) and item.batch is not None:
                if (told := await self._told(runner, item.batch)) is None:
                    return runner.pass_over(item)
            elif item.position == TEST:
                told = text.of_test(runner.row, self.epoch, self._now())
            elif event is None and item.position != GAP:
                event = await self._log.event(self.epoch, item.position)
                if event is None:
                    return runner.lost(item, self._now())
        except DatabaseError as error:
            logger.warning("An event cannot be read for %s; trying again: %s", runner.destination, error)
            await asyncio.sleep(READ_AGAIN_S)
            return runner.not_sent(item)
        try:
            if event is not None:
                event_type = event.type
                if not runner.wanted.includes(event):
                    return runner.pass_over(item)
            answer = await self._send(runner.destination, told or self._message(runner, event))
        except Exception as error:  # noqa: BLE001  a bug, whose text may quote what is secret
            logger.error("A delivery to %s failed by itself: %s", runner.destination, type(error).__name__)
            answer = INTERNAL
        if self._runners.get(runner.row.pk) is runner:
            runner.done(item, event_type, answer, self._now(), random.random())
        return None

    async def _told(self, runner: PeopleRunner, batch: Batch) -> Message | None:
        """Return what a person reads of a batch: of events that its owner may see now."""
        events = await self._log.events(self.epoch, [each.position for each in batch.matters.values()])
        seen = {position: each for position, each in events.items() if runner.wanted.includes(each)}
        return text.of_batch(runner.row, runner.types, self.epoch, batch, seen)

    def _message(self, runner: Runner, event: LoggedEvent | None) -> Message:
        if event is None:
            return messages.of_gap(runner.destination, runner.row, self.epoch)
        return messages.of_event(runner.destination, runner.row, event, runner.types[event.type], self.epoch)

    def tell_end(self, destination: Destination, farewell: Message) -> None:
        """Tell a destination, once, that it gets nothing more. Whatever it answers, that is so."""

        async def tell() -> None:
            answer = await self._send(destination, farewell)
            logger.info("%s was told of its end: %s", destination, answer.error or "accepted")

        self.start(tell(), NOBODY)

    def cancel(self, pk: int) -> None:
        """End what is on its way of one: what has become of that is not known."""
        for task, of in self._tasks.items():
            if of == pk:
                task.cancel()

    async def stop(self) -> None:
        """End all that is on its way; what was not acknowledged is sent again by the next who leads."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
