"""The newest events of the log, kept in memory: nearly every client that comes back missed only these.

Those of types that nobody here asked for may be left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from events.core.records import LoggedEvent
from events.log import reading
from events.models import LogHead
from subscriptions.recent.entries import Entry

MAX_EVENTS = 10_000
FILLED_AT_ONCE = 500  # events read at once when a process begins
MAX_CHARACTERS_KEPT = 8 * 1024 * 1024  # of payload; up to twice that at times, and as much again in frames and decoded


class RecentPage(NamedTuple):
    """Entries that follow each other; `is_last`: there are none after these."""

    entries: list[Entry]
    is_last: bool


class RecentEvents:
    def __init__(self, position: int) -> None:
        self.begin_after(position)

    def begin_after(self, position: int) -> None:
        """Be empty: nothing of what comes after `position` is here yet."""
        self._entries: list[Entry] = []
        self._characters = 0
        self._start = position  # all that is newer is here, but for what was passed over
        self._passed: dict[str, int] = {}  # type → the last position of an event that is not here

    def __len__(self) -> int:
        return len(self._entries)

    def pass_over(self, type: str, position: int) -> None:
        """Be without the event at this position, the newest one."""
        self._passed[type] = position

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._characters += len(entry)
        if len(self._entries) >= 2 * MAX_EVENTS or self._characters >= 2 * MAX_CHARACTERS_KEPT:
            self._drop_oldest()

    def after(self, position: int, limit: int, types: Iterable[str]) -> RecentPage | None:
        """Return the next entries after a position, at most `limit`; None when not all events of these types are
        here. There may be others, too."""
        if position < self._start or any(self._passed.get(type, 0) > position for type in types):
            return None
        first = bisect_right(self._entries, position, key=lambda entry: entry.position)
        return RecentPage(self._entries[first : first + limit], first + limit >= len(self._entries))

    def _drop_oldest(self) -> None:
        """Go down to the bounds, only now and then: a list gives up its head at the cost of moving the rest."""
        kept = characters = 0
        for entry in reversed(self._entries):
            if kept == MAX_EVENTS or characters + len(entry) > MAX_CHARACTERS_KEPT:
                break
            kept += 1
            characters += len(entry)
        dropped = self._entries[: len(self._entries) - kept]
        del self._entries[: len(dropped)]
        self._start = dropped[-1].position
        self._characters = characters


def read_recent_events(head: LogHead) -> RecentEvents:
    """Return the newest events up to the head: after a restart all clients come back at once, and few missed more.
    Queries: not for the event loop."""
    pages: list[list[LoggedEvent]] = []
    start, characters = head.position, 0
    while start and head.position - start < MAX_EVENTS and characters <= MAX_CHARACTERS_KEPT:
        page = reading.read_before(start + 1, FILLED_AT_ONCE, epoch=head.epoch).events
        if not page or page[-1].position <= start - len(page):  # retention deleted some: what is here must be all
            break
        pages.append(page)
        start, characters = page[-1].position - 1, characters + sum(len(event.data) for event in page)
    recent = RecentEvents(start)
    for page in reversed(pages):
        for event in reversed(page):
            recent.append(Entry(event, head.epoch))
    return recent
