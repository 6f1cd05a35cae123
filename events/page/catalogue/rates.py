"""How many events of each type there were lately, and when the last of each was."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone

from events.log import reading
from events.log.search import position_before
from events.models import Event, EventType

DAY = timedelta(days=1)
MOST_COUNTED = 50_000  # events; ten milliseconds of CPU. In a log that gets more in a day, a rate is an estimate


class Rates(NamedTuple):
    """Events by type in the last day; `is_estimate`: from the newest MOST_COUNTED, which are not a day's."""

    per_day: dict[str, int]
    is_estimate: bool


def of_last_day(types: Collection[str]) -> Rates:
    """Return how many events of these types there were in the last day. Two or three queries, in bounded time."""
    now, head = timezone.now(), reading.head().position
    after = max(head - MOST_COUNTED, 0)
    share = 1.0  # of a day
    begun = Event.objects.after(after).values_list("timestamp", flat=True).first() if after else None
    is_estimate = begun is not None and now - begun < DAY
    if begun is not None and is_estimate:
        share = max((now - begun) / DAY, 1 / 1440)  # a minute at least
    else:
        after = max(after, position_before(now - DAY))
    counted = Event.objects.filter(position__gt=after, type__in=types).order_by().values_list("type")
    counts = dict(counted.annotate(count=Count("pk")))
    return Rates({id: round(counts.get(id, 0) / share) for id in types}, is_estimate)


def newest_times(types: Collection[str]) -> dict[str, datetime]:
    """Return when the last event of each of these types was; those that have none are left out."""
    newest = Event.objects.filter(type=OuterRef("pk"), position__isnull=False).order_by("-position")
    found = EventType.objects.filter(pk__in=types).annotate(newest=Subquery(newest.values("timestamp")[:1]))
    return dict(found.exclude(newest=None).values_list("pk", "newest"))


def source_of(position: int) -> str:
    """Return the source of the event at a position; empty when it is not told, or the event is gone."""
    return Event.objects.filter(position=position).values_list("source", flat=True).first() or ""


def newest_sources(type_id: str, among: int) -> list[str]:
    """Return the distinct sources of so many newest events of a type, the newest first."""
    newest = Event.objects.filter(type=type_id, position__isnull=False).order_by("-position")
    return list(dict.fromkeys(newest.values_list("source", flat=True)[:among]))
