"""Which of very many subscriptions ask for an event, without asking each one.

Identical filters share a slot. An event costs a few bitmap operations for each field that filters ask something of,
however many slots there are; see `subscriptions.matching.field_index`.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Hashable, Mapping
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar

from pyroaring import BitMap

from events.core.filters import OPERATORS, Condition, Filter
from subscriptions.matching.field_index import KINDS, FieldIndex
from subscriptions.matching.subscribers import Hits, Subscribers

S = TypeVar("S", bound=Hashable)
Key = tuple[str, str, str, bool]
Indexes = dict[Key, FieldIndex]


class Sizes(NamedTuple):
    types: int = 0
    slots: int = 0
    subscriptions: int = 0
    entries: int = 0  # distinct values and needles, and bounds, of all fields


class Matcher(Generic[S]):
    def __init__(self) -> None:
        self.types: dict[str, TypeMatcher[S]] = {}

    def add(self, event_type: str, filter: Filter, subscriber: S) -> None:
        """Add a filter of a subscriber. `filter` is as `events.core.filters.parse_filters` makes it: at most one
        condition of each name. A subscriber may add the same filter several times and must then remove it as often."""
        if event_type not in self.types:
            self.types[event_type] = TypeMatcher()
        self.types[event_type].add(filter, subscriber)

    def remove(self, event_type: str, filter: Filter, subscriber: S) -> None:
        """Remove a filter of a subscriber. Raises KeyError, before anything is changed, for what has not been added."""
        of_type = self.types[event_type]
        of_type.remove(filter, subscriber)
        if not of_type.slots:
            del self.types[event_type]

    def match(self, event_type: str, data: Mapping[str, Any]) -> Collection[S]:
        """Return the subscribers with a filter that matches, each once. It may be a live view: use it up, or copy it,
        before the next `add` or `remove`."""
        hits = self.hits(event_type, data)
        return hits.once() if hits else ()

    def hits(self, event_type: str, data: Mapping[str, Any]) -> Hits[S] | None:
        """Return the filters that match; None where there are none for this type."""
        of_type = self.types.get(event_type)
        return None if of_type is None else Hits(of_type.subscribers, of_type.matching(data))

    def sizes(self) -> Sizes:
        return Sizes(
            types=len(self.types),
            slots=sum(len(each.slots) for each in self.types.values()),
            subscriptions=sum(each.subscriptions for each in self.types.values()),
            entries=sum(
                len(index)
                for each in self.types.values()
                for index in chain(each.finders.values(), each.cutters.values())
            ),
        )


class TypeMatcher(Generic[S]):
    """The filters of one event type.

    A slot is found by one of its conditions, the pivot; the others only cut down what has been found. So we never
    build the set of slots that accept a value or do not ask; it is often almost all of them.
    A slot that has been closed is used again; meanwhile its filter is empty.
    """

    def __init__(self) -> None:
        self.slots: dict[Filter, int] = {}
        self.filters: list[Filter] = []  # by slot
        self.pivots: list[Condition | None] = []  # by slot
        self.subscribers: Subscribers[S] = Subscribers()
        self.free: list[int] = []
        self.subscriptions = 0
        self.unconditional = BitMap()
        self.finders: Indexes = {}
        self.cutters: Indexes = {}

    def add(self, filter: Filter, subscriber: S) -> None:
        slot = self.slots.get(filter)
        if slot is None:
            self.subscribers.open(self.open(filter), subscriber)
        else:
            self.subscribers.add(slot, subscriber)
        self.subscriptions += 1

    def remove(self, filter: Filter, subscriber: S) -> None:
        slot = self.slots[filter]
        if self.subscribers.remove(slot, subscriber):
            self.close(slot)
        self.subscriptions -= 1

    def matching(self, data: Mapping[str, Any]) -> BitMap:
        found = BitMap(self.unconditional, optimize=False)
        for finder in self.finders.values():
            finder.find(data, found)
        for cutter in self.cutters.values():
            if not cutter.asking.isdisjoint(found):
                cutter.cut(data, found)
        return found

    def open(self, filter: Filter) -> int:
        if self.free:
            slot = self.free.pop()
        else:
            slot = len(self.filters)
            self.filters.append(())
            self.pivots.append(None)
        self.slots[filter] = slot
        self.filters[slot] = filter
        self.pivots[slot] = pivot = self.best_pivot(filter)
        for condition in filter:
            put(self.finders if condition is pivot else self.cutters, condition, slot)
        if not filter:
            self.unconditional.add(slot)
        self.reconsider(random.randrange(len(self.filters)))
        return slot

    def close(self, slot: int) -> None:
        filter, pivot = self.filters[slot], self.pivots[slot]
        for condition in filter:
            take(self.finders if condition is pivot else self.cutters, condition, slot)
        self.unconditional.discard(slot)
        self.filters[slot] = ()
        self.pivots[slot] = None
        del self.slots[filter]
        self.free.append(slot)

    def best_pivot(self, filter: Filter) -> Condition | None:
        """Return the condition that is cheap to look up and, among those, shared by the fewest other slots."""
        return min(filter, key=self.popularity, default=None)

    def popularity(self, condition: Condition) -> tuple[int, int]:
        indexes = [indexes[key(condition)] for indexes in (self.finders, self.cutters) if key(condition) in indexes]
        return kind(condition).effort, sum(index.popularity(condition) for index in indexes)

    def reconsider(self, slot: int) -> None:
        """Choose a slot's pivot again: when it was opened, little may have been known."""
        pivot, better = self.pivots[slot], self.best_pivot(self.filters[slot])
        if pivot is not None and better is not None and better is not pivot:
            take(self.finders, pivot, slot)
            take(self.cutters, better, slot)
            put(self.cutters, pivot, slot)
            put(self.finders, better, slot)
            self.pivots[slot] = better


def put(indexes: Indexes, condition: Condition, slot: int) -> None:
    index = indexes.get(key(condition))
    if index is None:
        index = indexes[key(condition)] = kind(condition)(condition)
    index.add(condition, slot)


def take(indexes: Indexes, condition: Condition, slot: int) -> None:
    index = indexes[key(condition)]
    index.remove(condition, slot)
    if not index.asking:
        del indexes[key(condition)]


def key(condition: Condition) -> Key:
    """Return the key that conditions with the same index have in common."""
    return condition.name, condition.data_key, condition.operator, condition.number


def kind(condition: Condition) -> type[FieldIndex]:
    return KINDS[OPERATORS[condition.operator].kind]
