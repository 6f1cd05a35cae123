"""Latencies counted in 24 buckets, each 1.7 times as wide as the one before: from a millisecond to three minutes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

GROWTH = 1.7
BOUNDS = tuple(GROWTH**place for place in range(23))  # ms; the upper ends of all buckets but the last

Buckets = Mapping[int, int]  # how many latencies are in each bucket that has any


def bucket_of(latency_ms: float) -> int:
    return bisect_left(BOUNDS, latency_ms)


def percentile(buckets: Buckets, share: float) -> float | None:
    """Return a latency in ms that this share of all does not exceed, to within its bucket: the bucket's middle, as
    factors go. None without latencies."""
    total = sum(buckets.values())
    rank = share * total
    passed = 0
    for bucket in sorted(buckets):
        passed += buckets[bucket]
        if passed >= rank:
            return middle(bucket)
    return None


def middle(bucket: int) -> float:
    upper = BOUNDS[bucket] if bucket < len(BOUNDS) else BOUNDS[-1] * GROWTH
    return float(upper / GROWTH**0.5)
