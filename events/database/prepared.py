"""A cursor for what is asked again and again."""

from __future__ import annotations

from typing import Any

from django.db import connection


def prepared_cursor() -> Any:
    """Return a cursor whose statements are planned once for a connection, not each time. SQLite does so anyway."""
    backend: Any = connection
    return backend.prepared_cursor() if connection.vendor == "postgresql" else connection.cursor()
