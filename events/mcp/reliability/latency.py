"""Latencies counted in 24 buckets, each 1.7 times as wide as the one before: from a millisecond to three minutes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from string import ascii_lowercase

GROWTH = 1.7
BOUNDS = tuple(GROWTH**place for place in range(23))  # ms; the upper ends of all buckets but the last

MARKS, NOTHING = ascii_lowercase[: len(BOUNDS) + 1], "-"  # a bucket as a character, and that there is none

Buckets = Mapping[int, int]  # how many latencies are in each bucket that has any


def bucket_of(latency_ms: float) -> int:
    return bisect_left(BOUNDS, latency_ms)


def percentile(buckets: Buckets, share: float) -> float | None:
    """Return a latency in ms that this share of all does not exceed, to within its bucket: the bucket's middle, as
    factors go. None without latencies."""
    bucket = bucket_reached(buckets, share)
    return None if bucket is None else middle(bucket)


def bucket_reached(buckets: Buckets, share: float) -> int | None:
    rank = share * sum(buckets.values())
    passed = 0
    for bucket in sorted(buckets):
        passed += buckets[bucket]
        if passed >= rank:
            return bucket
    return None


def mark(buckets: Buckets, share: float) -> str:
    """Return the bucket of the same latency as a character."""
    bucket = bucket_reached(buckets, share)
    return NOTHING if bucket is None else MARKS[bucket]


def bucket_in(mark: str) -> int | None:
    """Return the bucket that a character stands for."""
    return None if mark == NOTHING else MARKS.index(mark)


def middle(bucket: int) -> float:
    upper = BOUNDS[bucket] if bucket < len(BOUNDS) else BOUNDS[-1] * GROWTH
    return float(upper / GROWTH**0.5)
