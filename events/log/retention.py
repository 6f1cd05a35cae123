"""Deletes what has been kept long enough: events by their type's retention, and idempotency keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from events.core import duration
from events.log import reading, records
from events.measuring.measures import LOG_PRUNED
from events.models import Event, EventType, IdempotencyKey, LogSpan
from events.models.event import Positions

MAX_CHUNK = 10_000  # rows of one transaction; others that write wait for it, on SQLite all of them
# Of a type that is ephemeral now the log has what was logged before. The newest may still be on its way to clients.
EPHEMERAL_KEPT_FOR = timedelta(hours=1)


class Pruned(NamedTuple):
    event_type: str
    retention_days: int
    events: int
    error: Exception | None = None  # why it went no further


def prune(chunk: int, now: datetime, progress: Callable[[str, int], None]) -> Iterator[Pruned]:
    """Delete, type by type, the placed events that are older than their type keeps them, and tell after each chunk how
    many of a type are gone. May run beside servers and beside itself, be ended at any time and run again."""
    for event_type in types():
        deleted, error = 0, None
        try:
            for count in prune_type(event_type.id, cutoff(event_type, now), chunk):
                deleted += count
                progress(event_type.id, deleted)
        except Exception as problem:  # noqa: BLE001  whatever is wrong with one type, the others are pruned
            error = problem
            records.replace_connection()
        yield pruned(event_type, deleted, error)
        if deleted:
            LogSpan.objects.filter(last__lt=first_position()).delete()


def would_prune(now: datetime) -> Iterator[Pruned]:
    """Yield what `prune` would delete now."""
    for event_type in types():
        old = Event.objects.placed_before(event_type.id, cutoff(event_type, now))
        yield pruned(event_type, old.count())


def types() -> QuerySet[EventType]:
    return EventType.objects.filter(retention_days__isnull=False).order_by("id")


def pruned(event_type: EventType, events: int, error: Exception | None = None) -> Pruned:
    assert event_type.retention_days is not None
    return Pruned(event_type.id, event_type.retention_days, events, error)


def cutoff(event_type: EventType, now: datetime) -> datetime:
    days = min(event_type.retention_days or 0, duration.LONGEST.days)
    return now - max(timedelta(days=days), EPHEMERAL_KEPT_FOR)


def first_position() -> int:
    return Event.objects.after(0).values_list("position", flat=True).first() or reading.head().position


def prune_type(event_type: str, before: datetime, chunk: int) -> Iterator[int]:
    """Delete chunk by chunk, oldest position first, where the log may have what is old; how many each time."""
    everywhere = Positions(0, reading.head().position + 1)
    for span in reversed(LogSpan.objects.may_have(None, before, everywhere)):
        after = span.after
        while True:
            began = time.monotonic()
            rows = Event.objects.after(after).within(span).filter(type_id=event_type)
            oldest = list(rows.values_list("position", "timestamp")[:chunk])
            old = [position or 0 for position, timestamp in oldest if timestamp < before]
            if old:
                yield delete_to(event_type, old[-1], before)
                # As long a turn for those who wait to write as the chunk took: SQLite's lock has no queue.
                time.sleep(time.monotonic() - began)
            if len(oldest) < chunk:
                break
            after = oldest[-1][0] or 0


def delete_to(event_type: str, position: int, before: datetime) -> int:
    with transaction.atomic():
        deleted, _ = Event.objects.placed_before(event_type, before).filter(position__lte=position).delete()
        # Not through the registry's own queryset: nothing that clients know of the type has changed.
        QuerySet(EventType).filter(pk=event_type, pruned_to__lt=position).update(pruned_to=position)
    LOG_PRUNED.add(deleted, event_type)
    return deleted


def expired_keys(known: datetime) -> QuerySet[IdempotencyKey]:
    """Return the idempotency keys that are no longer recognised. Their day is counted by what has happened: to keep one
    for longer does no harm."""
    return IdempotencyKey.objects.expired(known)


def prune_keys(chunk: int, known: datetime) -> int:
    """Delete the expired keys; return how many."""
    deleted = 0
    while expired := list(expired_keys(known).values_list("pk", flat=True)[:chunk]):
        deleted += IdempotencyKey.objects.filter(pk__in=expired).delete()[0]
    return deleted
