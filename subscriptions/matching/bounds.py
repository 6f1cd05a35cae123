"""Bounds in order, such that the slots of all bounds up to a value are a few ready-made unions.

A tree of three levels. Beside each child an inner node keeps the union of the slots in all lower children, so looking
a value up follows one path, and a bound that comes or goes changes the unions beside one path: at 100,000 distinct
bounds about 50 bitmaps.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from math import inf

from pyroaring import BitMap

LEAF = 64  # bounds: the part of one leaf that lies up to a value becomes a bitmap at each look-up (½ µs)
FAN = 64  # children of an inner node; the root has as many as it takes

Start = tuple[float, float]  # bound and slot: bounds may be equal, pairs are not


class Leaf:
    def __init__(self, bounds: list[float], slots: array[int]) -> None:
        self.bounds = bounds
        self.slots = slots

    @property
    def empty(self) -> bool:
        return not self.bounds

    @property
    def start(self) -> Start:
        return self.bounds[0], self.slots[0]

    def up_to(self, bound: float) -> list[BitMap]:
        return [BitMap(self.slots[: bisect_right(self.bounds, bound)], optimize=False)]

    def add(self, bound: float, slot: int) -> None:
        place = self.place(bound, slot)
        self.bounds.insert(place, bound)
        self.slots.insert(place, slot)

    def remove(self, bound: float, slot: int) -> None:
        place = self.place(bound, slot)
        del self.bounds[place], self.slots[place]

    def place(self, bound: float, slot: int) -> int:
        first, end = bisect_left(self.bounds, bound), bisect_right(self.bounds, bound)
        return bisect_left(self.slots, slot, first, end)

    def split(self) -> Leaf | None:
        """Cut off the upper half and return it, if there are too many."""
        if len(self.bounds) <= LEAF:
            return None
        half = len(self.bounds) // 2
        upper = Leaf(self.bounds[half:], self.slots[half:])
        del self.bounds[half:], self.slots[half:]
        return upper


class Node:
    def __init__(self, children: list[Leaf | Node], below: list[BitMap], starts: list[Start]) -> None:
        self.children = children
        self.below = below  # for each child, the slots of all lower children of this node
        self.starts = starts  # where each child begins, or began: removing does not move it

    @property
    def empty(self) -> bool:
        return len(self.children) == 1 and self.children[0].empty

    @property
    def start(self) -> Start:
        return self.starts[0]

    def up_to(self, bound: float) -> list[BitMap]:
        """Return bitmaps whose union is the slots of all bounds that are not greater."""
        at = self.place(bound, inf)
        found = self.children[at].up_to(bound)
        if at:
            found.append(self.below[at])
        return found

    def add(self, bound: float, slot: int) -> None:
        at = self.place(bound, slot)
        child = self.children[at]
        child.add(bound, slot)
        for below in self.below[at + 1 :]:
            below.add(slot)
        upper = child.split()
        if upper is not None:
            self.children.insert(at + 1, upper)
            self.starts.insert(at + 1, upper.start)
            below = BitMap(self.below[at], optimize=False)
            for lower in child.up_to(inf):
                below |= lower
            self.below.insert(at + 1, below)

    def remove(self, bound: float, slot: int) -> None:
        at = self.place(bound, slot)
        child = self.children[at]
        child.remove(bound, slot)
        for below in self.below[at + 1 :]:
            below.remove(slot)
        if child.empty and len(self.children) > 1:
            del self.children[at], self.starts[at], self.below[at]

    def place(self, bound: float, slot: float) -> int:
        return bisect_right(self.starts, (bound, slot), 1) - 1  # whatever is lower than the second child is the first's

    def split(self) -> Node | None:
        if len(self.children) <= FAN:
            return None
        half = len(self.children) // 2
        upper = Node(self.children[half:], self.below[half:], self.starts[half:])
        lower = BitMap(self.below[half], optimize=False)
        for below in upper.below:
            below -= lower
        del self.children[half:], self.below[half:], self.starts[half:]
        return upper


def tree() -> Node:
    lowest = Node([Leaf([], array("I"))], [BitMap()], [(-inf, 0)])
    return Node([lowest], [BitMap()], [(-inf, 0)])
