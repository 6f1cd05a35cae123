"""Connections to SQLite that were closed a moment ago, kept for whoever opens the next one.

To open one is more than half of what a short request costs: three files, Django's functions, the pragmas. And who
closes the last one of all has to write the write-ahead log back. But an idle process must not keep what is in the log
for long: SQLite would apply it to another file that somebody puts in the place of the database.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from typing import NamedTuple

from events.database.file import DatabaseFile, OpenConnection
from events.process_lock import process_lock

KEPT_FOR_S = 0.25
MAX_KEPT = 8  # more are seldom in use at once


class Kept(NamedTuple):
    file: DatabaseFile
    connection: OpenConnection
    since: float  # time.monotonic()


class KeptConnections:
    """None are kept before `begin`, which only a process calls that answers requests; unless `keeps` says otherwise."""

    def __init__(self, *, keeps: bool = False) -> None:
        self._keeps = keeps
        self._kept: deque[Kept] = deque()  # the one that was used last is the last
        self._lock = process_lock()
        self._some = threading.Event()
        self._ended = threading.Event()

    def begin(self) -> None:
        self._keeps = True
        self._ended.clear()
        threading.Thread(target=self._close_idle, name="eventhub-idle", daemon=True).start()

    def end(self) -> None:
        """Close all, and keep none from now on."""
        self._keeps = False
        self._ended.set()
        self.close_older_than(0)
        self._some.set()

    def take(self, file: DatabaseFile) -> OpenConnection | None:
        """Return a connection to this file, if one is kept."""
        with self._lock:
            if self._kept and self._kept[-1].file is file:
                return self._kept.pop().connection
        return None

    def put(self, file: DatabaseFile, connection: OpenConnection) -> bool:
        """Keep a connection for a moment; False if it must be closed."""
        if not self._keeps or not is_free(connection):
            return False
        with self._lock:
            if not self._keeps or len(self._kept) >= MAX_KEPT:
                return False
            self._kept.append(Kept(file, connection, time.monotonic()))
        self._some.set()
        return True

    def close_older_than(self, seconds: float) -> None:
        """Close those that nobody has used for so long."""
        latest = time.monotonic() - seconds
        while True:
            with self._lock:
                if not self._kept or self._kept[0].since > latest:
                    return
                file, connection, _ = self._kept.popleft()
                is_last = not self._kept
            if is_last:
                write_log_back(connection)
            file.closing(connection)
            connection.close()

    def _close_idle(self) -> None:
        while self._keeps:
            self._some.wait()
            self._ended.wait(KEPT_FOR_S)
            self.close_older_than(KEPT_FOR_S)
            with self._lock:
                if self._keeps and not self._kept:
                    self._some.clear()


kept_connections = KeptConnections()


def write_log_back(connection: OpenConnection) -> None:
    """Leave nothing in the write-ahead log, also where others have it open; unless somebody is writing or reading."""
    with suppress(sqlite3.Error):  # such as that the file is away, or broken: whoever needs it next says so
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def is_free(connection: OpenConnection) -> bool:
    """Return whether it is open, and neither a transaction nor a statement is under way, such as one whose rows nobody
    has read to the end. Whoever came next would see the database as that one sees it, not what was written since."""
    try:
        connection.interrupt()  # what is under way, and what begins before that ends; else it does nothing
        connection.execute("SELECT 1").fetchall()
    except sqlite3.Error:
        return False
    return not connection.in_transaction
