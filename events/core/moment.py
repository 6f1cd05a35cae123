"""Times as people write them: each names a day, a second or less, and has a beginning and an end."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FRACTION = re.compile(r"[.,](\d+)")


class Moment(NamedTuple):
    """What a time names: from `first` on, and before `end`. Both in UTC, and within what databases can compare."""

    first: datetime
    end: datetime


def parse_moment(text: str) -> Moment:
    """Parse ISO 8601; without an offset it is UTC. A date names its whole day, a time of day its whole second, or as
    much less as it is written to: 15:04:05.678 that millisecond. Raises ValueError."""
    try:
        first, length = midnight(date.fromisoformat(text)), DAY
    except ValueError:
        first, length = datetime.fromisoformat(text), length_of(text)
    try:
        first = (first if first.tzinfo else first.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is outside of the calendar") from None
    first = min(max(first, EARLIEST), LATEST)
    return Moment(first, min(first + length, LATEST))


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def length_of(text: str) -> timedelta:
    """Return how much a time of day names: an event that happened within it is said to have happened then."""
    fraction = FRACTION.search(text)
    if fraction is None:
        return timedelta(seconds=1)
    return timedelta(milliseconds=1) if len(fraction[1]) <= 3 else timedelta(microseconds=1)
