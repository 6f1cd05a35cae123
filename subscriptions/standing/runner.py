"""One standing subscription at work: what waits, what is on its way, and how far it has come.

It has no clock, no database and no network; of the row it uses the columns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from events.core.event_types import EventType
from events.core.records import LoggedEvent
from subscriptions.models import Destination, StandingSubscription
from subscriptions.models.standing import MAX_REASON
from subscriptions.standing.answer import Answer, Verdict
from subscriptions.standing.failures import GAP, Failure, Failures
from subscriptions.standing.people.groups import Batch
from subscriptions.standing.wanted import Wanted

MAX_QUEUED = 100  # events in memory; what is more stays in the log until these are gone
MAX_QUEUED_CHARACTERS = 1024 * 1024  # of their payloads
REFILL_AT = 20  # events left in memory when the log is read again
MAX_SET_ASIDE = 100  # failed events that wait for their next attempt while others go on
MAX_GIVEN_UP = 1_000  # that a subscription lists; then it is suspended, so that nothing more is lost

MESSAGE = -1  # in place of a position: a message to a person, about many events …
TEST = -2  # … and a test that somebody has asked for

State = StandingSubscription.State


class Item(NamedTuple):
    """What is to be sent next. Without an event it is the gap, an event that has to be read from the log again, or a
    message about a batch."""

    position: int
    event: LoggedEvent | None = None
    batch: Batch | None = None


class Runner:
    def __init__(
        self,
        row: StandingSubscription,
        destination: Destination,
        wanted: Wanted,
        failures: Failures,
        suspend_after: timedelta,
    ) -> None:
        self.row = row
        self.destination = destination
        self.wanted = wanted
        self.failures = failures
        self.types: Mapping[str, EventType] = {}
        self.stopped = False  # nothing more is sent
        self.live = False  # the follower offers it what comes
        self.refilling = False
        self.knows_gap = False  # that events are missing where the log is read for it now
        self.read_up_to = row.position  # what matches up to here is in the queue, or was
        self.waits_until: datetime | None = None  # when it is woken
        self.slow = False  # its last attempt took long: such destinations get no more than their share
        self.dirty = False  # something has to be written
        self.given_up: list[tuple[int, Failure]] = []  # of which nobody was told yet
        self.has_stopped = False  # of which nobody was told yet
        self._suspend_after = suspend_after
        self._queue: deque[LoggedEvent] = deque()
        self._queued_characters = 0
        self._sending: set[int] = set()

    # --- what comes ---

    @property
    def is_full(self) -> bool:
        return len(self._queue) >= MAX_QUEUED or self._queued_characters >= MAX_QUEUED_CHARACTERS

    @property
    def wants_more(self) -> bool:
        return not (self.live or self.refilling or self.stopped or len(self._queue) > REFILL_AT or self.is_full)

    def offer(self, event: LoggedEvent) -> None:
        """Take an event that matches, from the follower. What does not fit is read from the log later."""
        if event.position <= self.read_up_to:
            return
        if self.is_full:
            self.live = False
        else:
            self._enqueue(event)

    def _enqueue(self, event: LoggedEvent) -> None:
        if event.position not in self.failures:
            self._queue.append(event)
            self._queued_characters += len(event.data)
        self.read_up_to = event.position

    def refill(self, events: Iterable[LoggedEvent], up_to: int) -> None:
        """Take what the log has after `read_up_to`: all that matches up to a position, unless it does not fit."""
        for event in events:
            if self.is_full:
                return
            self._enqueue(event)
        self.read_up_to = max(self.read_up_to, up_to)

    # --- what goes ---

    def take(self, now: datetime) -> Item | None:
        """Return what is to be sent now, if anything: `pass_over`, `lost` or `done` is called for it afterwards."""
        if self.stopped or len(self._sending) >= self.destination.parallel:
            return None
        waiting = self.failures.waiting
        if self.row.gap_reason:  # what it tells comes before the rest
            is_due = GAP not in waiting or waiting[GAP].next_at <= now
            return self._send(Item(GAP)) if is_due and not self._sending else None
        due = [position for position, each in waiting.items() if each.next_at <= now and position not in self._sending]
        if due:
            return self._send(Item(min(due)))
        most = 1 if self.in_order else MAX_SET_ASIDE
        if len(waiting) >= most or not self._queue:
            return None
        event = self._queue.popleft()
        self._queued_characters -= len(event.data)
        return self._send(Item(event.position, event))

    @property
    def in_order(self) -> bool:
        return self.destination.parallel == 1

    def _send(self, item: Item) -> Item:
        self._sending.add(item.position)
        return item

    def next_due(self) -> datetime | None:
        """Return when something that failed is to be sent again."""
        return min(
            (each.next_at for position, each in self.failures.waiting.items() if position not in self._sending),
            default=None,
        )

    def pass_over(self, item: Item) -> None:
        """Leave out an event that its owner may not see any more, or that is about this subscription itself."""
        self._resolve(item.position)

    def not_sent(self, item: Item) -> None:
        """Take back an event that was set aside and could not be read: it is due as before."""
        self._sending.discard(item.position)

    def done(self, item: Item, event_type: str, answer: Answer, now: datetime, dice: float) -> None:
        """Take what the destination made of an item."""
        if answer.verdict is Verdict.ACCEPTED:
            self.row.last_success_at, self.row.failing_since = now, None
            self._resolve(item.position)
            return
        if given_up := self.failures.add(item.position, event_type, answer, now, dice):
            self._was_given_up(item.position, given_up)
        self._sending.discard(item.position)
        self.dirty = True
        self._note_failure(answer, now)

    def _note_failure(self, answer: Answer, now: datetime) -> None:
        """Note what a destination that takes nothing says, and stop if it has done so for long."""
        self.row.last_error, self.row.last_error_at = answer.error[:MAX_REASON], now
        if answer.verdict is Verdict.GONE:
            self.stop(State.ENDED, answer.error)
        elif answer.verdict is Verdict.AGAIN:
            since = self.row.failing_since = self.row.failing_since or now
            if now - since >= self._suspend_after:
                self.stop(State.SUSPENDED, f"It has failed since {since:%Y-%m-%d %H:%M} UTC: {answer.error}")

    def lost(self, item: Item, now: datetime) -> None:
        """Give up an event that failed, and that retention has deleted meanwhile."""
        known = self.failures.waiting[item.position]
        gone = Failure(known.event_type, known.attempts, now, "expired", "Retention has deleted it meanwhile.")
        self._was_given_up(item.position, self.failures.give_up(item.position, gone, now))
        self._sending.discard(item.position)

    def _was_given_up(self, position: int, failure: Failure) -> None:
        if position == GAP:
            self.row.gap_reason = ""
        self.given_up.append((position, failure))
        self.dirty = True
        if self.failures.given_up >= MAX_GIVEN_UP:
            self.stop(State.SUSPENDED, f"{MAX_GIVEN_UP:,} events were given up: send them again, or forget them.")

    def _resolve(self, position: int) -> None:
        if position == GAP:
            self.row.gap_reason = ""
        self._sending.discard(position)
        self.failures.resolve(position)
        self.dirty = True

    def stop(self, state: State, reason: str) -> None:
        self.stopped = self.has_stopped = self.dirty = True
        self.row.state, self.row.reason = state, reason[:MAX_REASON]

    # --- how far it has come ---

    def move(self, followed_to: int) -> None:
        """Move the watermark: to before whatever is neither acknowledged, nor given up, nor set aside. Where order
        counts, what is set aside holds it, too."""
        unfinished = {position for position in self._sending if position not in self.failures}
        if self.in_order:
            unfinished |= self.failures.waiting.keys()
        if self._queue:
            unfinished.add(self._queue[0].position)
        unfinished.discard(GAP)
        follows = self.live and not self.stopped
        up_to = max(followed_to, self.read_up_to) if follows else self.read_up_to
        reached = min(unfinished, default=up_to + 1) - 1
        self.row.position = max(self.row.position, reached)
