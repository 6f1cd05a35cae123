"""Integers that only grow: counters by at most one label, and histograms of seconds."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from events.process_lock import process_lock

MAX_LABELS = 200  # values of a counter's label; what comes later counts as OTHER, so that no scrape is long
OTHER = "other"

_lock = process_lock()  # of all: each is held for a few additions, and `+=` of two threads could lose one


class Counter:
    """Counts what happens. Without a label it counts under the empty one."""

    def __init__(self, name: str, help: str, label: str = "") -> None:
        self.name = name
        self.help = help
        self.label = label
        self.counts: dict[str, int] = {}

    def add(self, count: int = 1, label: str = "") -> None:
        counts = self.counts
        with _lock:
            if label not in counts and len(counts) >= MAX_LABELS:
                label = OTHER
            counts[label] = counts.get(label, 0) + count


class Histogram:
    """Counts seconds in buckets: each has the seconds up to its bound; the last one has what is longer."""

    def __init__(self, name: str, help: str, bounds: Sequence[float]) -> None:
        self.name = name
        self.help = help
        self.bounds = tuple(bounds)
        self.buckets = [0] * (len(self.bounds) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        with _lock:
            self.buckets[bisect_left(self.bounds, seconds)] += 1
            self.sum += seconds
