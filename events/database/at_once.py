"""Writing that is of no great importance: at once or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from events.database.lock_wait import lock_wait


@contextmanager
def at_once() -> Iterator[None]:
    """Open a transaction that waits for no other which writes to SQLite. Raises an error that `is_locked` in its place.
    On PostgreSQL `select_for_update(nowait=True)` does that, for rows."""
    if connection.vendor != "sqlite":
        with transaction.atomic():
            yield
        return
    with lock_wait(0), transaction.atomic():
        yield
