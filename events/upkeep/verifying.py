"""Whether the log is as it must be: no hole in its positions, none after the head, each event in its span's times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain

from django.db.models import Max, Min
from django.utils import timezone

from events.log import reading
from events.models import Event, EventType, LogSpan

AT_ONCE = 10_000  # positions that are looked at together
LONG_PENDING = timedelta(seconds=5)
EPOCH = re.compile(r"[0-9a-f]{16}")
MOST_TOLD = 20  # faults of a kind


def beginning() -> int:
    """Return the position after which nothing was deleted by retention: up to there holes are as they should be."""
    return EventType.objects.aggregate(last=Max("pruned_to"))["last"] or 0


def faults() -> Iterator[str]:
    """Yield what is wrong, in words for operators. It only reads, and servers may run meanwhile."""
    head = reading.head()
    if not EPOCH.fullmatch(head.epoch):
        yield f"The epoch is {head.epoch!r}, not 16 hexadecimal digits: run manage.py new_epoch."
    beyond = Event.objects.after(head.position).count()
    if beyond and reading.head().position == head.position:  # else they were placed just now
        yield f"{beyond:,} events have positions after the head {head.position:,}: run manage.py new_epoch."
    pending = Event.objects.pending().filter(timestamp__lt=timezone.now() - LONG_PENDING).count()
    if pending:
        yield f"{pending:,} events have had no position for {LONG_PENDING.seconds} s: start serve, which places them."
    yield from holes(beginning(), head.position)
    yield from wrong_spans(head.position)


def holes(after: int, head: int) -> Iterator[str]:
    """Yield each run of positions that no event has."""
    told, before = 0, after
    for position in chain(present(after, head), [head + 1]):
        if position > before + 1:
            told += 1
            if told > MOST_TOLD:
                yield "There are more holes than these."
                return
            yield f"No event has the positions {before + 1:,} to {position - 1:,}: {lost(position - 1 - before)}"
        before = position


def present(after: int, head: int) -> Iterator[int]:
    """Yield the positions that events have, and read only those of a part that has a hole."""
    for start in range(after, head, AT_ONCE):
        end = min(start + AT_ONCE, head)
        among = Event.objects.filter(position__gt=start, position__lte=end).order_by("position")
        if among.count() == end - start:
            yield from range(start + 1, end + 1)
        else:
            yield from (position or 0 for position in among.values_list("position", flat=True))


def lost(count: int) -> str:
    return f"{count:,} {'event was' if count == 1 else 'events were'} deleted by hand or lost; a backup may have them."


def wrong_spans(head: int) -> Iterator[str]:
    """Yield the spans that overlap, reach beyond the head, or have events outside their times: searches miss these."""
    last, told = 0, 0
    for span in LogSpan.objects.order_by("first").iterator():
        wrong = ""
        if span.first <= last or span.last > head:
            wrong = f"it overlaps another one, or ends after the head {head:,}"
        else:
            times = Event.objects.filter(position__gte=span.first, position__lte=span.last)
            found = times.aggregate(earliest=Min("timestamp"), latest=Max("timestamp"))
            if found["earliest"] and (found["earliest"] < span.earliest or found["latest"] > span.latest):
                wrong = f"it has events from {found['earliest']:%Y-%m-%d %H:%M} to {found['latest']:%Y-%m-%d %H:%M}"
        last = span.last
        if wrong and told < MOST_TOLD:
            told += 1
            yield f"Span {span.first:,} to {span.last:,} is wrong: {wrong}. Searches by time may miss these events."
