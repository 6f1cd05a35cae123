"""Who has added the filter of each slot, and hence who is hit by an event."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, Generic, TypeVar

from pyroaring import BitMap

S = TypeVar("S", bound=Hashable)


class Subscribers(Generic[S]):
    """Most slots have one subscriber. Those are kept in a plain list, which collects thousands of them four times
    faster than a dict for each slot would."""

    def __init__(self) -> None:
        self.alone: list[Any] = []  # by slot; None where none is, or a crowd
        self.crowds: dict[int, dict[S, int]] = {}  # slots that several have added, or one several times: how often
        self.crowded = BitMap()

    def open(self, slot: int, subscriber: S) -> None:
        """Give an unused slot its first subscriber. A slot is one of those used before, or the next."""
        if slot == len(self.alone):
            self.alone.append(subscriber)
        else:
            self.alone[slot] = subscriber

    def add(self, slot: int, subscriber: S) -> None:
        crowd = self.crowds.get(slot)
        if crowd is None:
            crowd = self.crowds[slot] = {self.alone[slot]: 1}
            self.crowded.add(slot)
            self.alone[slot] = None
        crowd[subscriber] = crowd.get(subscriber, 0) + 1

    def remove(self, slot: int, subscriber: S) -> bool:
        """Return whether the slot is unused now. Raises KeyError for one who has not added its filter."""
        crowd = self.crowds.get(slot)
        if crowd is None:
            if self.alone[slot] != subscriber:
                raise KeyError(subscriber)
            self.alone[slot] = None
            return True
        crowd[subscriber] -= 1
        if not crowd[subscriber]:
            del crowd[subscriber]
        if not crowd:
            del self.crowds[slot]
            self.crowded.remove(slot)
        return not crowd

    def count(self, slots: BitMap) -> int:
        """Return how many `each_of` returns."""
        if slots.isdisjoint(self.crowded):
            return len(slots)
        crowds = slots & self.crowded
        return len(slots) - len(crowds) + sum(len(self.crowds[slot]) for slot in crowds)

    def each_of(self, slots: BitMap) -> list[S]:
        """Return the subscribers of each slot. One that has several slots comes several times."""
        if slots.isdisjoint(self.crowded):
            return list(map(self.alone.__getitem__, slots))
        found: list[S] = list(map(self.alone.__getitem__, slots - self.crowded))
        for slot in slots & self.crowded:
            found.extend(self.crowds[slot])
        return found

    def of(self, slots: BitMap) -> Collection[S]:
        """Return each subscriber once. It is a live view if there is one crowd."""
        if slots.isdisjoint(self.crowded):
            return set(map(self.alone.__getitem__, slots))
        if len(slots) == 1:
            return self.crowds[slots.min()].keys()
        found: set[S] = set(map(self.alone.__getitem__, slots - self.crowded))
        return found.union(*(self.crowds[slot] for slot in slots & self.crowded))


class Hits(Generic[S]):
    """Who has added the filters that an event matches. A live view: use it up, or copy it, before the next `add` or
    `remove`."""

    __slots__ = ("_slots", "_subscribers")

    def __init__(self, subscribers: Subscribers[S], slots: BitMap) -> None:
        self._subscribers = subscribers
        self._slots = slots

    def __len__(self) -> int:
        """Return the number of entries of `each`."""
        return self._subscribers.count(self._slots)

    def are(self, others: Hits[S]) -> bool:
        """Return whether they are the same subscribers for the same filters; cheap."""
        return self._subscribers is others._subscribers and self._slots == others._slots

    def each(self) -> list[S]:
        """Return one entry per matching filter, so duplicates are possible. `once` takes three times as long."""
        return self._subscribers.each_of(self._slots)

    def once(self) -> Collection[S]:
        """Return each subscriber that has any of the filters, once."""
        return self._subscribers.of(self._slots)
