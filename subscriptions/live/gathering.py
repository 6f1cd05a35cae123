"""Lets events that come right after each other wait for the next ones, because to write several at once costs little
more than to write one."""

from __future__ import annotations

from asyncio import sleep
from time import monotonic

from events.core.records import LoggedEvent
from subscriptions.channel_layer.inbox import Inbox

RIGHT_AFTER_S = 0.005  # between two broadcasts, by the clocks of those who broadcast; a wrong one only costs a pause
MAX_PAUSE_S = 0.005
QUIET_S = 0.002  # in which no other event came


class Gathering:
    """Who has just written to all makes a pause as long as that took before the next event of a quick succession.
    Whoever broadcasts them has the time to go on: often its events would else be written one by one."""

    def __init__(self) -> None:
        self._last = 0.0  # when the last event that was dispatched had been broadcast (`time.time`)
        self._until = 0.0  # the end of the pause (`time.monotonic`)

    def dispatched(self, last: LoggedEvent, began: float) -> None:
        """Note that dispatching, which began then (`time.monotonic`), has ended now with this event."""
        now = monotonic()
        self._last = last.timestamp.timestamp()
        self._until = now + min(now - began, MAX_PAUSE_S)

    async def wait(self, inbox: Inbox) -> None:
        """Wait for more than what the inbox has, if that came right after the event before, as long as more comes and
        the pause lasts. An event that comes by itself is never delayed."""
        first, seen = inbox.first, 0
        if first is None or abs(first.timestamp.timestamp() - self._last) > RIGHT_AFTER_S:
            return
        while len(inbox) > seen and (left := self._until - monotonic()) > 0:
            seen = len(inbox)
            await sleep(min(left, QUIET_S))
