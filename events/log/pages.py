"""Pages of the log: the next events that a statement finds, as many as it asks for and as a page may have of bytes.

No large event is read only to be thrown away. SQLite hands over one row after the other. PostgreSQL sends all rows of a
statement at once, so it counts itself; it need not read a payload in order to know its length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from events.core.records import LoggedEvent
from events.database.prepared import binary_cursor
from events.models import Event

# Bytes of payload that end a page, on SQLite characters. The event that brings it there is its last, so it may have
# 64 KiB more. 500 events of 1 KiB are still one page; to ask once more costs little beside reading so much. A catch-up
# that matches all sends 256 KiB at once and reads the rest again: half of a page here, three quarters at 1 MiB.
MAX_BYTES = 512 * 1024

COLUMNS = ("position", "type_id", "timestamp", "data")

# With its time, in UTC, as text that Python reads by itself: Django's reading is a third of what a row costs.
ON_SQLITE = "SELECT position, type_id, timestamp || '+00:00', data FROM ({rows}) AS found"
ON_POSTGRESQL = (
    "SELECT position, type_id, timestamp, data, up_to FROM (SELECT found.*, "
    "sum(octet_length(data)) OVER (ORDER BY position {order} ROWS UNBOUNDED PRECEDING) AS up_to "
    "FROM ({rows}) AS found) AS counted WHERE up_to - octet_length(data) < {bytes} ORDER BY position {order}"
)


class LogPage(NamedTuple):
    """Events that a reader of the log meets one after the other. `is_last`: beyond these there were none when they were
    read. Of a page that is full nobody knows: then it is False."""

    events: list[LoggedEvent]
    is_last: bool

    def read_up_to(self, head: int) -> int:
        """Return up to which position a page that was read forwards has all. The log had this head before."""
        last = self.events[-1].position if self.events else 0
        return max(last, head) if self.is_last else last


def read_page(
    rows: str,
    values: Sequence[Any],
    limit: int,
    *,
    newest_first: bool = False,
    cursor: Callable[[], Any] = binary_cursor,
) -> LogPage:
    """Return the page that begins with the first of these rows. They are a statement of at most `limit`, of position,
    type_id, timestamp and data, in the order of positions. On PostgreSQL it is read by such a cursor."""
    if connection.vendor != "postgresql":
        return streamed(ON_SQLITE.format(rows=rows), values, limit)
    counted = ON_POSTGRESQL.format(rows=rows, order="DESC" if newest_first else "ASC", bytes=MAX_BYTES)
    with cursor() as opened:
        opened.execute(counted, values)
        found = opened.fetchall()
    events = [
        LoggedEvent(position, type, timestamp.astimezone(UTC), data) for position, type, timestamp, data, _ in found
    ]
    return LogPage(events, len(found) < limit and (not found or found[-1][-1] < MAX_BYTES))


def page_of(newest: QuerySet[Event], limit: int) -> LogPage:
    """Return the page that begins with the first of these events, which are in order, newest first."""
    try:
        rows, values = newest.values_list(*COLUMNS)[:limit].query.sql_with_params()
    except EmptyResultSet:
        return LogPage([], is_last=True)
    # Django's cursor: PostgreSQL does not know of what type a value is that Django expects in the text.
    return read_page(rows, values, limit, newest_first=True, cursor=connection.cursor)


def all_of(found: QuerySet[Event]) -> list[LoggedEvent]:
    """Return these events, however large they are together."""
    return [LoggedEvent._make(row) for row in found.values_list(*COLUMNS)]


def streamed(rows: str, values: Sequence[Any], limit: int) -> LogPage:
    """Return the page of rows that come one after the other."""
    events, size = [], 0
    with connection.cursor() as cursor:
        cursor.execute(rows, values)
        for position, type, timestamp, data in cursor:
            events.append(LoggedEvent(position, type, datetime.fromisoformat(timestamp), data))
            size += len(data)
            if size >= MAX_BYTES:
                return LogPage(events, is_last=False)
    return LogPage(events, len(events) < limit)
