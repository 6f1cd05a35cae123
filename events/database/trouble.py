"""What went wrong with the database of late: whether it is away, and whether anything can be written to it."""

from __future__ import annotations

import sqlite3
import time
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from django.db import Error, InterfaceError, OperationalError
from django.db.utils import DatabaseErrorWrapper

READ_ONLY_STATE = "25006"  # PostgreSQL: a standby, or default_transaction_read_only
LOCKED_STATE = "55P03"  # PostgreSQL: one was not to wait for a lock, or no longer
FULL, READ_ONLY, UNWRITABLE = "the disk is full", "is read-only", "cannot be written to"
# What tells that nothing can be written, by anybody: PostgreSQL's states, and the kinds of SQLite's codes.
STATES = {"53100": FULL, READ_ONLY_STATE: READ_ONLY, "58030": UNWRITABLE}
CODES = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: UNWRITABLE,
    sqlite3.SQLITE_CORRUPT: UNWRITABLE,
    sqlite3.SQLITE_NOTADB: UNWRITABLE,
}
KIND = 0xFF  # of SQLite's extended codes


def is_away(error: BaseException | None) -> bool:
    """Say whether this error, or what caused it, tells of a database that is away, locked or read-only. That is not the
    fault of the one who asked, and it is over when the database is back."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError) or state_of(error) == READ_ONLY_STATE:
            return True
        error = error.__cause__
    return False


def is_locked(error: Error) -> bool:
    """Say whether somebody else held a lock for longer than one was to wait."""
    cause = error.__cause__ or error
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & KIND == sqlite3.SQLITE_BUSY or state_of(cause) == LOCKED_STATE


def state_of(error: BaseException) -> str:
    """Return PostgreSQL's code of an error of its library."""
    return getattr(error, "sqlstate", None) or ""


def why_unwritable(error: BaseException) -> str:
    """Return what an error of a database's own library tells about writing; empty if nothing."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return CODES.get(code & KIND, "")
    return STATES.get(state_of(error), "")


class Writing:
    """What this process knows of writing: it is taken to work until it fails."""

    def __init__(self) -> None:
        self.why_not = ""
        self._failed_at = 0.0  # time.monotonic()

    def failed(self, why: str) -> None:
        self.why_not, self._failed_at = why, time.monotonic()

    def failed_within(self, seconds: float) -> bool:
        return bool(self.why_not) and time.monotonic() - self._failed_at < seconds

    def works(self) -> None:
        self.why_not = ""


writing = Writing()


class TellingWrapper(DatabaseErrorWrapper):
    """Every error of the database comes through here, in whatever part of the process."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc_value is not None and (why := why_unwritable(exc_value)):
            writing.failed(why)
        super().__exit__(exc_type, exc_value, traceback)


if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
else:
    BaseDatabaseWrapper = object


class Watched(BaseDatabaseWrapper):
    """For a backend: keeps `writing` true."""

    @cached_property
    def wrap_database_errors(self) -> TellingWrapper:
        return TellingWrapper(self)
