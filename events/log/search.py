"""The log read backwards: what has happened of what somebody asks for, in bounded time.

The newest rows of the log that may be of the chosen time come first, whatever their type: mostly they have a page. Next
come the newest of the chosen types, by one statement. Before these, each type is read along its own index and the types
are merged, so a rare type in a long log costs as little as a common one, and nobody sorts. Only a filter that matches
little in types that have much takes long; it is stopped.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
from django.utils import timezone

from events.core.filters import Filter, matches
from events.core.records import LoggedEvent
from events.log import reading
from events.log.pages import LogPage, all_of, page_of
from events.log.sql_prefilter import may_match
from events.models import Event, LogSpan
from events.models.event import EventQuerySet, Positions

SECONDS = 0.8  # of searching for one page; with the rest of a request about a second
MAX_CHARACTERS_OF_PAGE = 4 * 1024 * 1024  # of the payloads of one page, which may be large
NEWEST_ROWS = 128  # of the log, that are looked at without regard to their type; then of the chosen types
MOST_TYPES = 100  # that one statement names; SQLite takes 500, and PostgreSQL takes long to plan as many
FIRST_ROWS = 64  # of a type's index in its first step; a page of common events needs no more
MOST_ROWS = 1024  # events that one step reads; some milliseconds, by which a search may outlast its time
WIDEST_STEP = 65_536  # rows of a type's index that one step covers when the database finds little in them
STEP_SECONDS = 0.1  # a step that took longer, or whose payloads fill a page, is followed by a shorter one

PREVIEWED = 1000  # events, or fewer if they take as long as a page may; enough for a rate, and some milliseconds
SAMPLES = 3
SHORTEST_SPAN = timedelta(minutes=1)  # or three events of the last second were 180 a minute


class Search(NamedTuple):
    """What is asked of each type, within what may be seen of it."""

    of_type: Mapping[str, Filter]
    severities: frozenset[str] = frozenset()  # empty: any
    since: datetime | None = None
    until: datetime | None = None  # before this
    scopes: Mapping[str, Filter] = {}  # what may be seen of each type; where it is left out, everything
    narrowed: Callable[[LoggedEvent, Mapping[str, Any]], bool] | None = None  # what else decides, of the payload, too

    def chooses(self, event: LoggedEvent) -> bool:
        """Return whether this event is of a chosen type and within the chosen time."""
        since, until = self.since or event.timestamp, self.until
        return event.type in self.of_type and since <= event.timestamp and (until is None or event.timestamp < until)

    def shows(self, event: LoggedEvent) -> bool:
        """Return whether this event may be seen, asked for or not."""
        scope = self.scopes.get(event.type)
        return not scope or matches(scope, msgspec.json.decode(event.data))

    def asks_for(self, event: LoggedEvent, payload: Mapping[str, Any] | None = None) -> bool:
        """Return the decision, but for the time, which the database has made: as the socket decides. `payload` is that
        of the event, if somebody has read it already."""
        filter = self.of_type[event.type]
        if not filter and not self.severities and not self.narrowed:
            return True
        payload = payload_of(event) if payload is None else payload
        if (self.severities and payload["severity"] not in self.severities) or not matches(filter, payload):
            return False
        return not self.narrowed or self.narrowed(event, payload)


def payload_of(event: LoggedEvent) -> dict[str, object]:
    return msgspec.json.decode(event.data, type=dict[str, object])


class Page(NamedTuple):
    """Newest first. `next`: what is older than this position is still to be searched; None: nothing is.
    `looked_back_to`: the search took too long and got so far."""

    events: list[LoggedEvent]
    next: int | None
    looked_back_to: datetime | None


class Preview(NamedTuple):
    looked_at: int
    matched: int
    per_minute: float
    samples: list[LoggedEvent]


class Step(NamedTuple):
    """An event, or that there is nothing more of its type down to this position."""

    position: int
    event: LoggedEvent | None


def find_page(search: Search, before: int, limit: int) -> Page:
    """Return the newest events before a position that are asked for, at most `limit`."""
    deadline = time.monotonic() + SECONDS
    found: list[LoggedEvent] = []
    characters = 0
    steps = backwards(search, before)
    for position, event in steps:
        if event is not None and search.asks_for(event):
            found.append(event)
            characters += len(event.data)
        if len(found) == limit or characters >= MAX_CHARACTERS_OF_PAGE:
            return Page(found, None if next(steps, None) is None else position, None)
        if time.monotonic() >= deadline:
            return Page(found, position, time_of(position))
    return Page(found, None, None)


def preview_of(search: Search, before: int) -> Preview:
    """Return how much of the newest events of the chosen types, in the chosen time and before a position, is asked
    for."""
    now, deadline = timezone.now(), time.monotonic() + SECONDS
    read = looked_at = matched = 0
    oldest, is_cut, samples = now, False, list[LoggedEvent]()
    for _, event in backwards(search, before, prefilter=False):
        if event is not None:
            read += 1
            oldest = min(oldest, event.timestamp)  # clocks differ
            looked_at += search.shows(event)
            if search.asks_for(event):
                matched += 1
                samples += [event] if len(samples) < SAMPLES else []
        if is_cut := read == PREVIEWED or time.monotonic() >= deadline:
            break
    begin = oldest if is_cut or search.since is None else search.since
    span = max(min(search.until or now, now) - begin, SHORTEST_SPAN)
    return Preview(looked_at, matched, float(f"{matched / (span / timedelta(minutes=1)):.3g}"), samples)


def backwards(search: Search, before: int, *, prefilter: bool = True) -> Iterator[Step]:
    """Yield, newest first, the events of the chosen types and time before a position; without those that cannot be
    asked for, as far as the database can tell."""
    spans = [Positions(0, before)]
    if search.since is not None or search.until is not None:
        spans = LogSpan.objects.may_have(search.since, search.until, spans[0])
    ways: list[Callable[..., LogPage]] = [reading.read_before]
    if 0 < len(search.of_type) <= MOST_TYPES:
        ways.append(partial(reading.read_newest_of, search.of_type))
    for read_newest in ways if spans else ():
        newest = read_newest(position=spans[0].before, limit=NEWEST_ROWS)
        yield from (Step(event.position, event) for event in newest.events if search.chooses(event))
        if newest.is_last:
            return
        lowest = newest.events[-1].position
        yield Step(lowest, None)
        if not (spans := [Positions(after, min(end, lowest)) for after, end in spans if after + 1 < lowest]):
            return
    prefiltered = Event.objects.happened(search.since, search.until)
    if search.severities and prefilter:
        prefiltered = prefiltered.filter(severity__in=search.severities)
    types = [
        of_type_backwards(type_id, prefiltered.filter(may_match(filter)) if prefilter else prefiltered, spans)
        for type_id, filter in search.of_type.items()
    ]
    yield from heapq.merge(*types, key=lambda step: -step.position)


def of_type_backwards(type_id: str, prefiltered: EventQuerySet, spans: Sequence[Positions]) -> Iterator[Step]:
    for number, (after, before) in enumerate(spans, 1):
        yield from backwards_within(type_id, prefiltered, after, before)
        if number < len(spans):
            yield Step(after + 1, None)  # there may be very many, without events


def backwards_within(type_id: str, prefiltered: EventQuerySet, after: int, before: int) -> Iterator[Step]:
    rows = FIRST_ROWS
    while True:
        # How far one step goes is counted along the index, where that costs nearly nothing: else the database would
        # look for what is rare as far back as the log goes.
        begun = time.monotonic()
        last = None
        if before - after > rows:  # else one step has all
            by_index = Event.objects.before(before).filter(type=type_id, position__gt=after)
            last = by_index.values_list("position", flat=True)[rows - 1 : rows].first()
        lowest = after + 1 if last is None else last
        events, is_last = page_of(prefiltered.before(before).filter(type=type_id, position__gte=lowest), MOST_ROWS)
        took = time.monotonic() - begun
        yield from (Step(event.position, event) for event in events)
        if not is_last:
            lowest = events[-1].position
        elif last is None:
            return
        yield Step(lowest, None)
        before = lowest
        if took > STEP_SECONDS or (not is_last and len(events) < MOST_ROWS):
            rows = max(rows // 4, FIRST_ROWS)
        elif len(events) <= MOST_ROWS // 2 and took < STEP_SECONDS / 4:
            rows = min(rows * 4, WIDEST_STEP)


def find_event(position: int) -> LoggedEvent | None:
    return find_events([position]).get(position)


def find_events(positions: Collection[int]) -> dict[int, LoggedEvent]:
    """Return those that the log still has, by position."""
    return {each.position: each for each in all_of(Event.objects.filter(position__in=positions))}


def time_of(position: int) -> datetime:
    return Event.objects.after(position - 1).values_list("timestamp", flat=True)[0]


def position_before(moment: datetime) -> int:
    """Return the position of the last event before a moment; 0 when there is none."""
    for span in LogSpan.objects.may_have(None, moment, Positions(0, reading.head().position + 1)):
        earlier = Event.objects.within(span).happened(None, moment)
        if position := earlier.order_by("-position").values_list("position", flat=True).first():
            return position
    return 0
