"""The events that a destination did not take: set aside until the next attempt, or given up. They become rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.models.standing import MAX_REASON
from subscriptions.standing.answer import Answer, Verdict
from subscriptions.standing.schedule import wait_after

GAP = 0  # the position of the message that tells of a gap


@dataclass
class Failure:
    event_type: str
    attempts: int
    next_at: datetime
    error_class: str
    error: str
    given_up_at: datetime | None = None


Changes = dict[int, Failure | None]  # by position; None: it is over, without a row


class Failures:
    def __init__(self, waiting: Mapping[int, Failure], given_up: int) -> None:
        self.waiting = dict(waiting)  # by position
        self.given_up = given_up  # how many there are
        self._changes: Changes = {}

    def __len__(self) -> int:
        return len(self.waiting)

    def __contains__(self, position: int) -> bool:
        return position in self.waiting

    def attempts(self, position: int) -> int:
        return self.waiting[position].attempts if position in self.waiting else 0

    def event_type(self, position: int) -> str:
        return self.waiting[position].event_type if position in self.waiting else ""

    def add(self, position: int, event_type: str, answer: Answer, now: datetime, dice: float) -> Failure | None:
        """Set an event aside, and return None; or, after its last attempt, return it as given up."""
        attempts = self.attempts(position) + 1
        wait = wait_after(attempts, dice, answer.retry_after_s)
        failure = Failure(event_type, attempts, now, answer.error_class, answer.error[:MAX_REASON])
        if answer.verdict is Verdict.TOO_LARGE or (wait is None and answer.verdict is Verdict.AGAIN):
            return self.give_up(position, failure, now)
        failure.next_at = now + timedelta(seconds=wait or 0.0)
        self.waiting[position] = self._changes[position] = failure
        return None

    def give_up(self, position: int, failure: Failure, now: datetime) -> Failure:
        failure.given_up_at = now
        self.waiting.pop(position, None)
        self._changes[position] = failure
        self.given_up += 1
        return failure

    def resolve(self, position: int) -> None:
        """Forget a failure, if there was one."""
        if self.waiting.pop(position, None) is not None:
            self._changes[position] = None

    def take_changes(self) -> Changes:
        changes, self._changes = self._changes, {}
        return changes

    def put_back(self, changes: Changes) -> None:
        """Keep what could not be written; what has changed since is newer."""
        self._changes = {**changes, **self._changes}
