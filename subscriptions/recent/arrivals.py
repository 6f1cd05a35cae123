"""The unlogged events that have come. A stranger who can read the channel layer could send one of them again."""

from __future__ import annotations

from events.notify.signed_batch import EphemeralMessage

MAX_AGE = 120.0  # seconds on the way, and that the clocks of two machines may differ
MAX_REMEMBERED = 10_000  # senders and types; each process that sends, a command too, is one


class Arrivals:
    def __init__(self) -> None:
        self._last: dict[tuple[bytes, str], EphemeralMessage] = {}  # what a sender sends of one type comes in its order

    def is_late(self, event: EphemeralMessage, now: float) -> bool:
        """Return whether it is too old, by the wall clock."""
        return not abs(now - event.sent_at) <= MAX_AGE

    def is_new(self, event: EphemeralMessage, now: float) -> bool:
        """Return whether it has not come before; from then on it has."""
        key = event.sender, event.type
        last = self._last.get(key)
        if last is not None and event.number <= last.number:
            return False
        if last is None and len(self._last) >= MAX_REMEMBERED:
            self._last = {each: last for each, last in self._last.items() if not self.is_late(last, now)}
            if len(self._last) >= MAX_REMEMBERED:
                del self._last[next(iter(self._last))]
        self._last[key] = event._replace(data="")
        return True
