"""One standing subscription of a person at work: what comes is kept in groups, which are told when they are due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from events.core.records import LoggedEvent
from subscriptions.models import Destination, StandingSubscription
from subscriptions.models.standing import MAX_REASON
from subscriptions.standing.answer import Answer, Verdict
from subscriptions.standing.failures import Failures
from subscriptions.standing.people.groups import Groups, Rules
from subscriptions.standing.people.hours import Hours
from subscriptions.standing.people.matters import Group
from subscriptions.standing.runner import MESSAGE, TEST, Item, Runner
from subscriptions.standing.wanted import Wanted

# Matters of one message. The rest comes with the next, after the pause.
MOST_OF = {Destination.Kind.MAIL: 500, Destination.Kind.CHAT: 20}


class PeopleRunner(Runner):
    def __init__(
        self,
        row: StandingSubscription,
        destination: Destination,
        wanted: Wanted,
        failures: Failures,
        suspend_after: timedelta,
        groups: Groups,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(row, destination, wanted, failures, suspend_after)
        self.groups = groups
        self._now = now

    @property
    def is_full(self) -> bool:
        return False  # groups are bounded by themselves

    def _enqueue(self, event: LoggedEvent) -> None:
        if (event_type := self.types.get(event.type)) is not None:
            self.groups.take(event_type, event.position, msgspec.json.decode(event.data), self._now())
        self.read_up_to = event.position
        self.dirty = True

    def take(self, now: datetime) -> Item | None:
        if self.stopped or self._sending:
            return None
        if self.row.test_asked:
            return self._send(Item(TEST))
        if self.row.gap_reason:
            return super().take(now)
        batch = self.groups.due(now, MOST_OF[Destination.Kind(self.destination.kind)])
        return None if batch is None else self._send(Item(MESSAGE, batch=batch))

    def next_due(self) -> datetime | None:
        found = [super().next_due(), self.groups.next_due()]
        return min((each for each in found if each is not None), default=None)

    def done(self, item: Item, event_type: str, answer: Answer, now: datetime, dice: float) -> None:
        if item.position == TEST:
            return self._was_tested(answer, now)
        if item.batch is None:
            return super().done(item, event_type, answer, now, dice)
        self._sending.discard(item.position)
        self.dirty = True
        if answer.verdict is Verdict.ACCEPTED:
            self.row.last_success_at, self.row.failing_since = now, None
            self.groups.was_told(item.batch, now)
            return None
        self.groups.failed(item.batch, now, dice, answer.retry_after_s)
        self._note_failure(answer, now)
        return None

    def _was_tested(self, answer: Answer, now: datetime) -> None:
        self._sending.discard(TEST)
        self.row.test_asked, self.dirty = False, True
        if answer.verdict is Verdict.ACCEPTED:
            self.row.last_success_at = now
        else:
            self.row.last_error, self.row.last_error_at = answer.error[:MAX_REASON], now

    def pass_over(self, item: Item) -> None:
        if item.batch is not None:
            self.groups.pass_over(item.batch, self._now())
        super().pass_over(item)

    def move(self, followed_to: int) -> None:
        """Move the watermark: what was read is in the groups, which are written with it."""
        follows = self.live and not self.stopped
        self.row.position = max(self.row.position, self.read_up_to, followed_to if follows else 0)


def runner_of(
    row: StandingSubscription,
    destination: Destination,
    wanted: Wanted,
    failures: Failures,
    groups: Mapping[str, Group],
    suspend_after: timedelta,
    now: Callable[[], datetime],
) -> Runner:
    """Return what has this standing subscription, of a person or of a system."""
    if not destination.is_for_people:
        return Runner(row, destination, wanted, failures, suspend_after)
    kept = Groups(Rules(Hours.of(destination), destination.group_by, destination.least_severity), groups)
    return PeopleRunner(row, destination, wanted, failures, suspend_after, kept, now)
