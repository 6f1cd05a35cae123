"""Times of maintenance: once, or each week at an hour of somebody's clock, whatever that does in spring and autumn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

DAY = timedelta(days=1)
LONGEST = timedelta(days=7)  # of a weekly window; one that happens once may be longer

Span = tuple[float, float]  # seconds since 1970: from, and until just before


class Once(msgspec.Struct, frozen=True):
    starts: float
    ends: float

    def spans(self, start: float, end: float) -> Iterator[Span]:
        if self.starts < end and self.ends > start:
            yield max(self.starts, start), min(self.ends, end)


class Weekly(msgspec.Struct, frozen=True):
    """It begins at `at` of the zone's clock. A time that the clock leaps over in spring is an hour later; of one that
    comes twice in autumn, the first counts. It lasts as long as ever."""

    weekday: int  # 0 is Monday
    at: time
    lasts: timedelta
    zone: ZoneInfo
    since: float = 0.0  # before, there was no such window

    def spans(self, start: float, end: float) -> Iterator[Span]:
        day = datetime.fromtimestamp(start, UTC).date() - self.lasts - 2 * DAY
        last = datetime.fromtimestamp(end, UTC).date() + 2 * DAY
        day += DAY * ((self.weekday - day.weekday()) % 7)
        while day <= last:
            yield from Once(*self.on(day)).spans(max(start, self.since), end)
            day += 7 * DAY

    def on(self, day: date) -> Span:
        begins = datetime.combine(day, self.at, self.zone).timestamp()
        return begins, begins + self.lasts.total_seconds()


Window = Once | Weekly


def spans(windows: Iterable[Window], start: float, end: float) -> list[Span]:
    """Return when it is maintenance within this time; in order, none touching another."""
    found: list[Span] = []
    for begins, ends in sorted(span for window in windows for span in window.spans(start, end)):
        if begins >= ends:
            continue
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found


def covers(windows: Iterable[Window], at: float) -> bool:
    return bool(spans(windows, at, at + 0.001))
