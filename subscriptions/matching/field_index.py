"""Which slots ask something of a field that an event fulfils: an index for each way of asking.

Bitmaps are copied and then changed in place, in a third of the time of `&` and `|`, and made with `optimize=False`:
otherwise they get run containers, from which removing one slot costs 3 µs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import nan
from typing import Any

from pyroaring import BitMap

from events.core.event_types import folded
from events.core.filters import OPERATORS, Condition, Value, normalised_members
from subscriptions.matching import bounds

GRAM = 4  # characters by which needles are looked up in a text
FEW_NEEDLES = 100  # up to here trying them all is cheaper than taking a text to pieces
FEW_SLOTS = 16  # up to here comparing one by one is cheaper than finding all bounds that are met


class FieldIndex(ABC):
    """Slots by their condition on one field with one operator."""

    effort = 0  # of a look-up; more than none: used as a pivot only where all conditions are such

    def __init__(self, condition: Condition) -> None:
        self.data_key = condition.data_key
        self.number = condition.number
        self.holds = OPERATORS[condition.operator].holds
        self.asking = BitMap()

    def add(self, condition: Condition, slot: int) -> None:
        self.asking.add(slot)
        self.enter(condition, slot)

    def remove(self, condition: Condition, slot: int) -> None:
        self.asking.remove(slot)
        self.erase(condition, slot)

    def find(self, data: Mapping[str, Any], found: BitMap) -> None:
        """Add the slots whose condition holds."""
        for holding in self.holding(self.members(data)):
            found |= holding

    def cut(self, data: Mapping[str, Any], found: BitMap) -> None:
        """Take out the slots whose condition does not hold."""
        failing = BitMap(found, optimize=False)
        failing &= self.asking
        for holding in self.holding(self.members(data)):
            failing -= holding
        found -= failing

    def members(self, data: Mapping[str, Any]) -> Collection[Any]:
        member = data.get(self.data_key)
        if isinstance(member, str) and not self.number:  # these two are nearly all, and spare the general way's 0.7 µs
            return (folded(member),)
        if type(member) in (int, float) and self.number:
            return (member,)
        members = normalised_members(member, self.number)
        return members if len(members) < 2 else {member for member in members if member == member}  # no NaN

    def popularity(self, condition: Condition) -> int:
        """Return how many slots an event is likely to find by meeting the condition."""
        return len(self.asking)

    @abstractmethod
    def holding(self, members: Collection[Any]) -> list[BitMap]:
        """Return bitmaps whose union is the slots whose condition holds for any of the values; they must not be
        changed."""

    @abstractmethod
    def enter(self, condition: Condition, slot: int) -> None: ...

    @abstractmethod
    def erase(self, condition: Condition, slot: int) -> None: ...

    @abstractmethod
    def __len__(self) -> int:
        """Count the entries held: distinct values or needles, or bounds."""


class ExactIndex(FieldIndex):
    def __init__(self, condition: Condition) -> None:
        super().__init__(condition)
        self.slots: dict[Value, BitMap] = {}

    def __len__(self) -> int:
        return len(self.slots)

    def popularity(self, condition: Condition) -> int:
        return max((len(self.slots.get(value, ())) for value in condition.values), default=0)

    def holding(self, members: Collection[Value]) -> list[BitMap]:
        return [self.slots[value] for value in members if value in self.slots]

    def enter(self, condition: Condition, slot: int) -> None:
        for value in condition.values:
            if value not in self.slots:
                self.slots[value] = BitMap()
            self.slots[value].add(slot)

    def erase(self, condition: Condition, slot: int) -> None:
        for value in condition.values:
            slots = self.slots[value]
            slots.remove(slot)
            if not slots:
                del self.slots[value]


class BoundIndex(FieldIndex):
    """Bounds in ascending order: those of `gte` as they are, those of `lte`, which is its mirror image, negated."""

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition)
        self.ascending = self.holds(1, 0)
        self.bounds = bounds.tree()
        self.bound_of: dict[int, float] = {}  # by slot; a condition without values never holds and has none

    def __len__(self) -> int:
        return len(self.bound_of)

    def popularity(self, condition: Condition) -> int:
        return len(self.asking) // 2  # which part of the bounds events meet is not known

    def cut(self, data: Mapping[str, Any], found: BitMap) -> None:
        asking = BitMap(found, optimize=False)
        asking &= self.asking
        if len(asking) > FEW_SLOTS:
            super().cut(data, found)
            return
        highest = self.highest(self.members(data))
        for slot in asking:
            if not self.bound_of.get(slot, nan) <= highest:
                found.remove(slot)

    def holding(self, members: Collection[float]) -> list[BitMap]:
        highest = self.highest(members)
        return self.bounds.up_to(highest) if highest == highest else []

    def highest(self, members: Collection[float]) -> float:
        """Return the greatest bound that is met; NaN, which meets none, when there is nothing to compare."""
        if not members:
            return nan
        return max(members) if self.ascending else -min(members)

    def enter(self, condition: Condition, slot: int) -> None:
        values = [value for value in condition.values if not isinstance(value, str)]
        if values:
            bound = self.bound_of[slot] = min(values) if self.ascending else -max(values)
            self.bounds.add(bound, slot)

    def erase(self, condition: Condition, slot: int) -> None:
        if slot in self.bound_of:
            self.bounds.remove(self.bound_of.pop(slot), slot)


class TextIndex(FieldIndex):
    """Each distinct needle is tried at most once on a text and, where there are many, only if the text contains the
    one of the needle's grams that fewest needles share. So an operator of this kind must not hold for a text in which
    the needle does not occur."""

    effort = 1

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition)
        self.slots: dict[str, BitMap] = {}
        self.gram_of: dict[str, str] = {}
        self.sharing: dict[str, set[str]] = {}  # gram → needles; "" for those that are shorter than a gram

    def __len__(self) -> int:
        return len(self.slots)

    def holding(self, members: Collection[str]) -> list[BitMap]:
        return [self.slots[needle] for text in members for needle in self.plausible(text) if self.holds(text, needle)]

    def plausible(self, text: str) -> Iterable[str]:
        if len(self.slots) <= FEW_NEEDLES:
            return self.slots
        shared = self.sharing.keys() & {"", *grams(text)}
        return (needle for gram in shared for needle in self.sharing[gram])

    def enter(self, condition: Condition, slot: int) -> None:
        for needle in map(str, condition.values):
            if needle not in self.slots:
                self.slots[needle] = BitMap()
                gram = min(grams(needle), key=lambda gram: len(self.sharing.get(gram, ())), default="")
                self.gram_of[needle] = gram
                self.sharing.setdefault(gram, set()).add(needle)
            self.slots[needle].add(slot)

    def erase(self, condition: Condition, slot: int) -> None:
        for needle in map(str, condition.values):
            slots = self.slots[needle]
            slots.remove(slot)
            if not slots:
                del self.slots[needle]
                gram = self.gram_of.pop(needle)
                self.sharing[gram].remove(needle)
                if not self.sharing[gram]:
                    del self.sharing[gram]


def grams(text: str) -> Iterator[str]:
    return (text[start : start + GRAM] for start in range(len(text) - GRAM + 1))


KINDS: dict[str, type[FieldIndex]] = {"exact": ExactIndex, "bound": BoundIndex, "text": TextIndex}  # by Operator.kind
