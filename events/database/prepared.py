"""Cursors for what is asked again and again, and for what has many rows."""

from __future__ import annotations

from typing import Any

from django.db import connection


def prepared_cursor() -> Any:
    """Return a cursor whose statements are planned once for a connection, not each time: of PostgreSQL's server, or of
    SQLite, which does so anyway, without what Django does for each. It has `execute`, `fetchone` and `fetchall`. Of a
    project that has not taken our backends, which a check warns of, it is Django's own."""
    backend: Any = connection
    return (getattr(backend, "prepared_cursor", None) or backend.cursor)()


def binary_cursor() -> Any:
    """Return a cursor for statements by hand that have many rows, and whose best plan depends on their values. Those
    of PostgreSQL come in binary form. Django has them as text, and to read each time from that takes twice as long as
    all else of a row. Where there is no such cursor, it is Django's own."""
    backend: Any = connection
    return (getattr(backend, "binary_cursor", None) or backend.cursor)()
