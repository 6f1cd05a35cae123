"""Django's SQLite backend, which uses no other file than the one it has opened first."""

from __future__ import annotations

import time
from typing import Any

from django.db.backends.sqlite3 import base

from events.database.file import AnotherFile, DatabaseFile, OpenConnection, file_of
from events.database.sqlite.kept import kept_connections
from events.database.sqlite.prepared import PreparedCursor
from events.database.trouble import Watched

JUST_NOW_S = 0.01  # since it was checked: a short request has it checked once, not for each of its statements


class DatabaseWrapper(Watched, base.DatabaseWrapper):
    _file: DatabaseFile | None = None
    _checked_at = -JUST_NOW_S  # time.monotonic()
    _is_set_up = False  # all that Django sets for a connection is as it was when the last one was kept

    def connect(self) -> None:
        """Connect as Django does, unless another connection was kept: then there is nothing to set up."""
        was_set_up, self._is_set_up = self._is_set_up, False
        if was_set_up and self._file is file_of(str(self.settings_dict["NAME"])):
            self._file.check()
            self._checked_at = time.monotonic()
            self.connection = kept_connections.take(self._file)
        if self.connection is None:
            super().connect()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self._file = None if self.is_in_memory_db() else file_of(str(self.settings_dict["NAME"]))
        if self._file is None:
            return super().get_new_connection(conn_params)
        self._file.check()
        self._checked_at = time.monotonic()
        if (kept := kept_connections.take(self._file)) is not None:
            return kept
        connection = super().get_new_connection({"factory": OpenConnection, **conn_params})
        self._file.opened(connection)
        try:
            self._file.check()  # once more: of what was put there meanwhile
        except AnotherFile:
            connection.close()
            raise
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        self._check_file()
        return super().create_cursor(name)

    def prepared_cursor(self) -> Any:
        """Return a cursor for statements by hand that are run again and again. It is Django's own in a transaction of
        Django, which may be broken and then takes no statement, and where somebody watches the statements."""
        if self.in_atomic_block or self.execute_wrappers or self.queries_logged:
            return self.cursor()
        self.ensure_connection()
        self.validate_thread_sharing()
        with self.wrap_database_errors:
            self._check_file()
            cursor: PreparedCursor = self.connection.cursor(PreparedCursor)
        cursor.wrap_errors = self.wrap_database_errors
        return cursor

    def _check_file(self) -> None:
        if self._file is not None and not self.in_atomic_block:  # also what begins a transaction
            now = time.monotonic()
            if now > self._checked_at + JUST_NOW_S:
                self._file.check()
                self._checked_at = now

    def _start_transaction_under_autocommit(self) -> None:
        """Begin, as Django does, and close the cursor also if that fails. Else the error keeps it until the garbage
        collector, in whatever thread that runs, resets its statement: this stops all threads for as long as the
        connection waits for a lock."""
        mode = self.transaction_mode  # type: ignore[attr-defined]  # the stubs do not know it
        with self.cursor() as cursor:
            cursor.execute(f"BEGIN {mode}" if mode else "BEGIN")

    def _close(self) -> None:
        if self._file is not None and self.connection is not None:
            is_sound = self.autocommit and not (self.in_atomic_block or self.errors_occurred)
            if is_sound and kept_connections.put(self._file, self.connection):
                self._is_set_up = True
                return
            self._file.closing(self.connection)
        super()._close()  # type: ignore[misc]  # the stubs do not know it
