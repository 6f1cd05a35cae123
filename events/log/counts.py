"""How many events there were of what somebody asks for, by time and severity: the chart, and “since you were away”."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from events.log import search as history
from events.log.search import Search

LOOKED_AT_EVERY = 256  # events between two looks at the clock


class Graded(msgspec.Struct):
    """What is read of a payload."""

    severity: str


class Counts(NamedTuple):
    """Of each part of the time, the oldest first. `looked_back_to`: counting took too long and got so far."""

    parts: Sequence[Counter[str]]
    looked_back_to: datetime | None


_severity = msgspec.json.Decoder(Graded)


def count(search: Search, before: int, since: datetime, until: datetime, parts: int) -> Counts:
    """Count what is asked for in a time, which is cut into equal parts."""
    deadline = time.monotonic() + history.SECONDS
    width = (until - since) / parts
    counted: list[Counter[str]] = [Counter() for _ in range(parts)]
    within = search._replace(since=since, until=until)
    for number, (position, event) in enumerate(history.backwards(within, before)):
        if event is not None and within.asks_for(event):
            part = min(int((event.timestamp - since) / width), parts - 1)
            counted[part][_severity.decode(event.data).severity] += 1
        if number % LOOKED_AT_EVERY == 0 and time.monotonic() >= deadline:
            return Counts(counted, history.time_of(position))
    return Counts(counted, None)
