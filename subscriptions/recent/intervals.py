"""Which events a connection is owed, and which it already has, when its subscriptions begin and end at different
positions."""

from __future__ import annotations

import math
from collections.abc import Iterable, KeysView, Mapping

from events.core.filters import Filter
from subscriptions.matching.matcher import Matcher
from subscriptions.recent.entries import Entry


class Interval:
    """What a subscription asks for from one position (exclusive) to another (inclusive). Compared by identity."""

    __slots__ = ("end", "of_type", "start", "subscription_id")

    def __init__(
        self, subscription_id: str, of_type: Mapping[str, Filter], start: float, end: float = math.inf
    ) -> None:
        self.subscription_id = subscription_id
        self.of_type = of_type
        self.start = start
        self.end = end

    @property
    def values(self) -> int:
        """Return what it takes to remember it: the values of its filters."""
        return sum(len(condition.values) for filter in self.of_type.values() for condition in filter)


class Intervals:
    """A set of intervals, asked by index."""

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._all: dict[Interval, None] = {}
        self._matcher: Matcher[Interval] = Matcher()
        for interval in intervals:
            self.add(interval)

    def add(self, interval: Interval) -> None:
        self._all[interval] = None
        for event_type, filter in interval.of_type.items():
            self._matcher.add(event_type, filter, interval)

    def discard(self, interval: Interval) -> None:
        del self._all[interval]
        for event_type, filter in interval.of_type.items():
            self._matcher.remove(event_type, filter, interval)

    def hold(self, entry: Entry) -> bool:
        """Return whether the event lies in one of them and matches its filter."""
        if entry.type not in self._matcher.types:
            return False
        matching = self._matcher.match(entry.type, entry.payload)
        return any(interval.start < entry.position <= interval.end for interval in matching)

    def of(self, subscription_id: str) -> list[Interval]:
        return [interval for interval in self._all if interval.subscription_id == subscription_id]

    def ended(self) -> list[Interval]:
        return [interval for interval in self._all if interval.end < math.inf]

    @property
    def types(self) -> KeysView[str]:
        """Return a live view of the event types that they ask for."""
        return self._matcher.types.keys()
