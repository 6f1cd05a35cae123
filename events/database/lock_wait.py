"""How long a connection waits for the locks of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def lock_wait(seconds: float) -> Iterator[None]:
    """Let this thread's connection wait so long for each lock, and after the block as long as before: it is kept for
    whoever needs one next. Not within a transaction. On PostgreSQL the block is one, because a pooler may take another
    connection for what follows; there 0 is no bound. Raises DatabaseError."""
    milliseconds = round(seconds * 1000)
    if connection.vendor == "postgresql":
        with transaction.atomic():
            told(f"SET LOCAL lock_timeout = {milliseconds}")
            yield
        return
    usual = told("PRAGMA busy_timeout")
    told(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        yield
    finally:
        told(f"PRAGMA busy_timeout = {usual}")


def told(statement: str) -> int | None:
    """Run a statement; return the number that it tells, if any."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0]) if cursor.description else None
