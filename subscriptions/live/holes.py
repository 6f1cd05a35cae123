"""Holes: what lies between two events that came with doorbells, and was not carried by any.

A process that asks for few of many types meets many, and most do not concern it. If it had to read the log for several
in a second, it listens to outlines for a while, which tell the types of all events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

MANY = 5  # between two polls, that is in about a second: so many reads cost more than to hear of all types
LISTENED_S = 60.0  # that outlines are listened to after there were as many
LATE_S = 0.1  # seconds that a doorbell or an outline may come after what follows it


class Holes:
    def __init__(self, wake: Callable[[], None]) -> None:
        """`wake` is called when a hole has been waited for long enough."""
        self._wake = wake
        self._met = 0  # since the last poll
        self._before = 0  # the position before the last one
        self._seen_at = 0.0  # the loop's time
        self._listen_until = 0.0  # the loop's time
        self._in_vain = False  # one was waited for, and no outline has come since: their server may be away

    @property
    def wants_outlines(self) -> bool:
        return asyncio.get_running_loop().time() < self._listen_until

    def polled(self) -> None:
        """Decide, once a poll, whether outlines are worth it."""
        if self._met >= MANY:
            self._listen_until = asyncio.get_running_loop().time() + LISTENED_S
        self._met = 0

    def told(self) -> None:
        """Note that an outline has come."""
        self._in_vain = False

    def may_be_told(self, position: int) -> bool:
        """Return whether the hole after this position is still to be waited for; if not, the log must be read."""
        loop = asyncio.get_running_loop()
        waits = self.wants_outlines and not self._in_vain
        if position != self._before:
            self._before, self._seen_at = position, loop.time()
            self._met += 1
            if waits:
                loop.call_later(LATE_S, self._wake)
        if waits and loop.time() >= self._seen_at + LATE_S:
            self._in_vain = True
        return waits and not self._in_vain
