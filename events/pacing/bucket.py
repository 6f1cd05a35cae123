"""A token bucket, for what somebody may do only so often."""

from __future__ import annotations


class Bucket:
    """A token bucket: so many a second, and at first, or after a pause, so many at once."""

    __slots__ = ("_burst", "_left", "_rate", "_updated")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = self._left = float(burst)
        self._updated = now

    def spend(self, now: float) -> bool:
        """Take one; False when there is none."""
        self._left = min(self._left + (now - self._updated) * self._rate, self._burst)
        self._updated = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
