"""How large the log is, and how fast it grows."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from events.log import reading
from events.models import Event, LogSpan

ESTIMATE = "SELECT reltuples::bigint, pg_total_relation_size(oid) FROM pg_class WHERE oid = %s::regclass"
WEEK = timedelta(days=7)
ENOUGH = 10_000  # events, to tell from these what one takes: an empty database has some hundred kilobytes
USUAL_BYTES = 350  # of an event with its indexes, as measured for checks of MCP servers


class LogSize(NamedTuple):
    events: int  # on PostgreSQL an estimate
    bytes: int  # of the log's table with its indexes; on SQLite of all the file
    per_day: float  # events a day of the last week, or of the log's life if that is shorter
    since: datetime | None  # when the oldest event was logged
    pruned_at: datetime | None

    @property
    def bytes_per_day(self) -> float:
        """Return about how many bytes the log grows by in a day."""
        of_event = self.bytes / self.events if self.events >= ENOUGH else USUAL_BYTES
        return self.per_day * of_event


def measured() -> LogSize:
    events, size = counted()
    first = Event.objects.after(0).only("timestamp").first()
    head = reading.head()
    since = first.timestamp if first is not None else None
    now = timezone.now()
    days = min(WEEK, max(now - since, timedelta(minutes=1))) / timedelta(days=1) if since is not None else 1.0
    return LogSize(events, size, (head.position - position_before(now - WEEK)) / days, since, head.pruned_at)


def counted() -> tuple[int, int]:
    """Return the number of events and the bytes that they take."""
    table = Event._meta.db_table
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(ESTIMATE, [table])
            rows, size = cursor.fetchone()
        return (int(rows), int(size)) if rows >= 0 else (Event.objects.count(), int(size))  # never analysed
    file = Path(str(connection.settings_dict["NAME"]))
    files = (file, file.with_name(f"{file.name}-wal"))
    return Event.objects.count(), sum(each.stat().st_size for each in files if each.exists())


def position_before(moment: datetime) -> int:
    """Return about the last position before this moment: spans have some thousand events, and are found at once."""
    span = LogSpan.objects.filter(latest__gte=moment).order_by("first").first()
    if span is not None:
        return span.first - 1
    head = reading.head()
    after = Event.objects.after(head.span_after).filter(timestamp__gte=moment).only("position").first()
    return (after.position or 1) - 1 if after is not None else head.position
