"""What one command asks to have sent again, and how far that has got."""

from __future__ import annotations

from collections.abc import Iterable

from subscriptions.clients.subscription import Subscription
from subscriptions.recent.intervals import Interval

MAX_SENT = 10_000  # events of one replay; a client that missed more wants the state, and not what led to it
MAX_LOOKED_AT = 200_000  # rows of one replay; some seconds of one core


class Replay:
    """What one command asks to have sent again: all after a position, or the newest `last` until now, and what
    follows."""

    def __init__(
        self, subscriptions: Iterable[Subscription], after: int, *, last: int = 0, whole: bool = False
    ) -> None:
        self.intervals = [Interval(each.id, each.of_type, after) for each in subscriptions]
        self.after = after
        self.last = last
        self.is_bounded = not last  # the newest n are bounded by n
        self.subscription_id = None if whole else self.intervals[0].subscription_id
        self.reason: str | None = None  # why it is not complete
        self.next_after: int | None = None
        self.sent = 0
        self.looked_at = 0
        self.read_log = False  # and not only the recent events

    @property
    def is_over(self) -> bool:
        """Return whether its subscription has ended, so that nobody waits for the message that it is done."""
        return self.subscription_id is not None and not self.intervals

    @property
    def is_over_limit(self) -> bool:
        """Return whether it must end now, incomplete."""
        return self.is_bounded and self.reason is None and (self.sent >= MAX_SENT or self.looked_at >= MAX_LOOKED_AT)

    def drop(self, subscription_id: str) -> None:
        self.intervals = [each for each in self.intervals if each.subscription_id != subscription_id]
