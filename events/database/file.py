"""The file of an SQLite database, as this process has opened it.

Another file may be put in its place, or it may be deleted, and with it the write-ahead log, while connections are open:
these go on with the old one, unseen by anybody else, and new ones take the new one. Who has two logs has none.
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import threading
from weakref import WeakSet

from events.process_lock import process_lock

logger = logging.getLogger(__name__)

FileIdentity = tuple[int, int]  # device and inode
BESIDE = ("-wal", "-shm")  # SQLite itself deletes them when the last connection of any process is closed


class AnotherFile(sqlite3.OperationalError):
    """The database's file is not the one any more that this process has opened."""


class OpenConnection(sqlite3.Connection):
    """One that can be remembered without being kept."""


class DatabaseFile:
    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._main: FileIdentity | None = None
        self._beside: list[FileIdentity | None] = []  # while any of these is open
        self._open: WeakSet[OpenConnection] = WeakSet()

    def check(self) -> None:
        """Raise AnotherFile if the file is another one. When nothing is open yet, the file that is there is ours."""
        if self._main is None:
            return
        found = identity(self.path)
        if found != self._main:
            fail(f"The database {self.path} {'is gone' if found is None else 'is another file now'}")
        with self._lock:
            if self._open and not self._has_its_log():
                fail(f"The write-ahead log of the database {self.path} (-wal, -shm) was deleted or replaced")

    def opened(self, connection: OpenConnection) -> None:
        with self._lock:
            if self._main is None:
                self._main = identity(self.path)
            if not self._open:
                self._beside = self._beside_now()
            self._open.add(connection)

    def closing(self, connection: OpenConnection) -> None:
        with self._lock:
            self._open.discard(connection)

    def _has_its_log(self) -> bool:
        before, self._beside = self._beside, self._beside_now()  # of a new database they come with the first table
        return all(was in (None, found) for was, found in zip(before, self._beside, strict=True))

    def _beside_now(self) -> list[FileIdentity | None]:
        return [identity(self.path + ending) for ending in BESIDE]


def identity(path: str) -> FileIdentity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class LostDatabase:
    """Whether this process has lost its database. A server ends then, so that its service manager starts it again with
    the file that is there now."""

    def __init__(self) -> None:
        self.ends_process = False
        self.why = ""
        self._lock = process_lock()

    def take(self, why: str) -> None:
        """Take it that the database is lost."""
        with self._lock:
            told, self.why = bool(self.why), why
        if self.ends_process and not told:
            logger.error("%s. This process ends, and must be started again.", why)
            os.kill(os.getpid(), signal.SIGTERM)


lost_database = LostDatabase()


def fail(why: str) -> None:
    lost_database.take(why)
    raise AnotherFile(why)


_files: dict[str, DatabaseFile] = {}


def file_of(path: str) -> DatabaseFile:
    return _files.get(path) or _files.setdefault(path, DatabaseFile(path))  # to make one is not cheap


# A fork has its own connections, and none yet.
os.register_at_fork(after_in_child=_files.clear)
