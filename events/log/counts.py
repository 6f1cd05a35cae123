"""How many events there were of what somebody asks for, by time and severity: the chart, and “since you were away”."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from events.core.filters import Filter
from events.log import search as history
from events.log.search import Search


class Graded(msgspec.Struct):
    """What is read of a payload."""

    severity: str


class Counts(NamedTuple):
    """Of each part of the time, the oldest first. `looked_back_to`: counting took too long and got so far."""

    parts: Sequence[Counter[str]]
    looked_back_to: datetime | None


class CountsOfEach(NamedTuple):
    """The parts of each search, as of `Counts`."""

    parts: Sequence[Sequence[Counter[str]]]
    looked_back_to: datetime | None


_severity = msgspec.json.Decoder(Graded)


def count(search: Search, before: int, since: datetime, until: datetime, parts: int) -> Counts:
    """Count what is asked for in a time, which is cut into equal parts."""
    counted = count_each([search], before, since, until, parts)
    return Counts(counted.parts[0], counted.looked_back_to)


def count_each(searches: Sequence[Search], before: int, since: datetime, until: datetime, parts: int) -> CountsOfEach:
    """Count what each of several asks for. The log is read once, and each payload at most once more than by one."""
    deadline = time.monotonic() + history.SECONDS
    width = (until - since) / parts
    counted: list[list[Counter[str]]] = [[Counter() for _ in range(parts)] for _ in searches]
    asking: dict[str, list[tuple[Search, list[Counter[str]]]]] = defaultdict(list)
    for search, of_search in zip(searches, counted, strict=True):
        for type_id in search.of_type:
            asking[type_id].append((search, of_search))
    within = joint(searches)._replace(since=since, until=until)
    for position, event in history.backwards(within, before):
        if event is not None:
            part = min(int((event.timestamp - since) / width), parts - 1)
            of_type = asking[event.type]
            payload = history.payload_of(event) if len(of_type) > 1 else None
            if asked_for := [of_search for search, of_search in of_type if search.asks_for(event, payload)]:
                severity = _severity.decode(event.data).severity
                for of_search in asked_for:
                    of_search[part][severity] += 1
        if time.monotonic() >= deadline:  # of each event: two hundred views may ask much of one
            return CountsOfEach(counted, history.time_of(position))
    return CountsOfEach(counted, None)


def joint(searches: Sequence[Search]) -> Search:
    """Return what finds all that any of these may ask for: of a type, only what they all ask leaves something out."""
    asked: dict[str, set[Filter]] = defaultdict(set)
    for search in searches:
        for type_id, filter in search.of_type.items():
            asked[type_id].add(filter)
    of_type = {type_id: filters.pop() if len(filters) == 1 else () for type_id, filters in asked.items()}
    severities = {search.severities for search in searches}
    return Search(of_type, severities.pop() if len(severities) == 1 else frozenset())
