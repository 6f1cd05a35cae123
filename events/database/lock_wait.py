"""How long a connection waits for the locks of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def lock_wait(seconds: float) -> Iterator[None]:
    """Let this thread's connection wait so long for each lock, and afterwards as long as before: it is kept for whoever
    needs one next. Not within a transaction; PostgreSQL takes 0 for no bound. Raises DatabaseError."""
    asked, told = ("SHOW lock_timeout", "SET lock_timeout = '{}'")
    if connection.vendor == "sqlite":
        asked, told = ("PRAGMA busy_timeout", "PRAGMA busy_timeout = {}")
    with connection.cursor() as cursor:
        cursor.execute(asked)
        [usual] = cursor.fetchone()
        cursor.execute(told.format(round(seconds * 1000)))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(told.format(usual))
