"""Deletes what has been kept long enough: events by their type's retention, and idempotency keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from events.models import Event, EventType, IdempotencyKey

MAX_CHUNK = 10_000  # rows of one transaction; others that write wait for it, on SQLite all of them
# Of a type that is ephemeral now the log has what was logged before. The newest may still be on its way to clients.
EPHEMERAL_KEPT_FOR = timedelta(hours=1)


class Pruned(NamedTuple):
    event_type: str
    retention_days: int
    events: int


def prune(chunk: int, progress: Callable[[str, int], None]) -> Iterator[Pruned]:
    """Delete, type by type, the placed events that are older than their type keeps them, and tell after each chunk how
    many of a type are gone. May run beside servers and beside itself, be ended at any time and run again."""
    now = timezone.now()
    for event_type in types():
        deleted = 0
        for count in prune_type(event_type.id, cutoff(event_type, now), chunk):
            deleted += count
            progress(event_type.id, deleted)
        yield pruned(event_type, deleted)


def dry_run() -> Iterator[Pruned]:
    """What `prune` would delete now."""
    now = timezone.now()
    for event_type in types():
        old = Event.objects.placed_before(event_type.id, cutoff(event_type, now))
        yield pruned(event_type, old.count())


def types() -> QuerySet[EventType]:
    return EventType.objects.filter(retention_days__isnull=False).order_by("id")


def pruned(event_type: EventType, events: int) -> Pruned:
    assert event_type.retention_days is not None
    return Pruned(event_type.id, event_type.retention_days, events)


def cutoff(event_type: EventType, now: datetime) -> datetime:
    return now - max(timedelta(days=event_type.retention_days or 0), EPHEMERAL_KEPT_FOR)


def prune_type(event_type: str, before: datetime, chunk: int) -> Iterator[int]:
    """Delete chunk by chunk, oldest position first, until one has nothing old; how many each time.

    Positions follow time but for what transactions held back, so the rest of the log need not be read.
    """
    while True:
        began = time.monotonic()
        oldest = Event.objects.after(0).filter(type_id=event_type).values_list("position", "timestamp")[:chunk]
        old = [position for position, timestamp in oldest if timestamp < before]
        if not old:
            return
        yield delete_to(event_type, max(position or 0 for position in old), before)
        # As long a turn for those who wait to write as the chunk took: SQLite's lock has no queue.
        time.sleep(time.monotonic() - began)


def delete_to(event_type: str, position: int, before: datetime) -> int:
    with transaction.atomic():
        deleted, _ = Event.objects.placed_before(event_type, before).filter(position__lte=position).delete()
        # Not through the registry's own queryset: nothing that clients know of the type has changed.
        QuerySet(EventType).filter(pk=event_type, pruned_to__lt=position).update(pruned_to=position)
    return deleted


def prune_keys(chunk: int) -> int:
    """Delete the idempotency keys that are no longer known; how many."""
    deleted = 0
    while expired := list(IdempotencyKey.objects.expired().values_list("pk", flat=True)[:chunk]):
        deleted += IdempotencyKey.objects.filter(pk__in=expired).delete()[0]
    return deleted
