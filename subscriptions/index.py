"""Which slots ask something of a field that an event fulfils: an index for each way of asking.

Bitmaps are copied and then changed in place, in a third of the time of `&` and `|`, and made with `optimize=False`:
otherwise they get run containers, from which removing one slot costs 3 µs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pyroaring import BitMap

from events.filters import OPERATORS, Condition, Value, normalised_members
from subscriptions import bounds

GRAM = 4  # characters by which needles are looked up in a text
FEW = 100  # needles: up to here trying them all is cheaper than taking a text to pieces


class FieldIndex(ABC):
    """Slots by their condition on one field with one operator."""

    effort = 0  # of a look-up

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
            return (member.casefold(),)
        if type(member) in (int, float) and self.number:
            return (member,)
        members = normalised_members(member, self.number)
        return members if len(members) < 2 else {member for member in members if member == member}  # no NaN

    def popularity(self, condition: Condition) -> int:
        """How many slots, at most, an event finds by meeting the condition."""
        return len(self.asking)

    @abstractmethod
    def holding(self, members: Collection[Any]) -> list[BitMap]:
        """Bitmaps whose union is the slots whose condition holds for any of the values; not to be changed."""

    @abstractmethod
    def enter(self, condition: Condition, slot: int) -> None: ...

    @abstractmethod
    def erase(self, condition: Condition, slot: int) -> None: ...

    @abstractmethod
    def __len__(self) -> int:
        """Entries held: distinct values or needles, or bounds."""


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
    effort = 1

    def __init__(self, condition: Condition) -> None:
        super().__init__(condition)
        self.ascending = self.holds(1, 0)  # else `lte`, which is `gte` between the negatives
        self.bounds = bounds.tree()
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def holding(self, members: Collection[float]) -> list[BitMap]:
        if not members:
            return []
        highest = max(members) if self.ascending else -min(members)
        return self.bounds.up_to(highest) if highest == highest else []  # NaN meets no bound

    def enter(self, condition: Condition, slot: int) -> None:
        for bound in self.deciding(condition):
            self.bounds.add(bound, slot)
            self.count += 1

    def erase(self, condition: Condition, slot: int) -> None:
        for bound in self.deciding(condition):
            self.bounds.remove(bound, slot)
            self.count -= 1

    def deciding(self, condition: Condition) -> list[float]:
        """The most generous bound, alone; none if the condition has no values and so never holds."""
        values = [value for value in condition.values if not isinstance(value, str)]
        return [min(values) if self.ascending else -max(values)] if values else []


class TextIndex(FieldIndex):
    """Each distinct needle is tried at most once on a text and, where there are many, only if the text contains the
    one of the needle's grams that fewest needles share. So an operator of this kind must not hold for a text in which
    the needle does not occur."""

    effort = 2

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
        if len(self.slots) <= FEW:
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
