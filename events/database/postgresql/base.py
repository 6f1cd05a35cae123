"""Django's PostgreSQL backend, with a pool that is there again as soon as its server is."""

from __future__ import annotations

import os
import select
import time
from typing import Any, Self
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool

from events.database.trouble import Watched
from events.process_lock import process_lock

TRIES = 3  # for a connection that works; the first tells that the pool's are dead, the others come after that
SURE_FOR_S = 1.0  # since a connection was given back; a server that vanishes without a word is found out by asking

given_back_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()  # time.monotonic()


class UnpreparedCursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **_: Any) -> Self:
        return super().execute(query, params, prepare=False)


class DatabaseWrapper(Watched, base.DatabaseWrapper):
    _drained_at = 0.0  # time.monotonic()
    _draining = process_lock()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection that works. If one does not work, none does that lay in the pool beside it: a server that
        was restarted has ended them all. The pool's own check would find them one by one, with longer and longer waits
        in between."""
        for _ in range(TRIES - 1):
            asked_at = time.monotonic()
            connection = super().get_new_connection(conn_params)
            if self.pool is None or works(connection):
                return connection
            self.pool.putconn(connection)
            self._drain(asked_at)
        return super().get_new_connection(conn_params)

    def prepared_cursor(self) -> Any:
        """Return a cursor whose statements the server parses and plans once for a connection, not each time: half of
        what it does for a short one. For statements by hand that are run again and again. Through a pooler in
        transaction mode, which may give each of them another connection, they are not prepared."""
        return self._cursor_of(psycopg.Cursor)

    def binary_cursor(self) -> Any:
        """Return the same kind of cursor for statements that are planned each time, for their values."""
        return self._cursor_of(UnpreparedCursor)

    def _cursor_of(self, kind: type[psycopg.Cursor[Any]]) -> Any:
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = kind(self.connection)
            cursor.format = psycopg.pq.Format.BINARY  # Django reads each time that comes as text by Python
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]

    def _close(self) -> None:
        if self.pool is not None and self.connection is not None:
            given_back_at[self.connection] = time.monotonic()
        super()._close()  # type: ignore[misc]  # the stubs do not know it

    def _drain(self, asked_at: float) -> None:
        """Drain the pool once for all who found a dead connection at about the same time."""
        with self._draining:
            if DatabaseWrapper._drained_at < asked_at:
                DatabaseWrapper._drained_at = time.monotonic()
                self.pool.drain()


def works(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the server is there. It is asked, unless the connection was given back a moment ago and nothing
    has come since: a server that ends a connection says so."""
    if time.monotonic() < given_back_at.get(connection, -SURE_FOR_S) + SURE_FOR_S and is_silent(connection):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.Error:
        return False
    return True


def is_silent(connection: psycopg.Connection[Any]) -> bool:
    """Return whether nothing has come over it that nobody has read, such as its end."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return not poll.poll(0)


_of_others: list[object] = []  # kept, for their ends would tell the server that the connections end


def leave_pools() -> None:
    """Leave the pools to the process that this one was forked from: both would use the same connections, and the
    threads that look after them are there alone."""
    _of_others.append(base.DatabaseWrapper._connection_pools)  # type: ignore[attr-defined]  # the stubs do not know it
    base.DatabaseWrapper._connection_pools = {}  # type: ignore[attr-defined]


os.register_at_fork(after_in_child=leave_pools)
