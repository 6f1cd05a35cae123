"""A cursor for statements by hand that are run again and again: without what Django puts around each, which takes ten
times as long as to read one row."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, Self

from django.db.backends.sqlite3.base import FORMAT_QMARK_REGEX

from events.database.trouble import TellingWrapper

STATEMENTS = 256  # texts that are remembered with SQLite's marks


class PreparedCursor(sqlite3.Cursor):
    """Takes statements with `%s`, and raises Django's errors, as Django's own cursor does."""

    wrap_errors: TellingWrapper

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failed: object) -> None:
        with suppress(sqlite3.Error):  # its connection may be closed already
            self.close()

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> Self:  # type: ignore[override]
        try:
            if parameters is None:
                return super().execute(sql)
            return super().execute(with_marks(sql), parameters)
        except sqlite3.Error:
            with self.wrap_errors:
                raise

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except sqlite3.Error:
            with self.wrap_errors:
                raise

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except sqlite3.Error:
            with self.wrap_errors:
                raise


@lru_cache(STATEMENTS)
def with_marks(sql: str) -> str:
    """Return the statement as SQLite takes it."""
    return FORMAT_QMARK_REGEX.sub("?", sql).replace("%%", "%")
