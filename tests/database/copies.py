"""The database of a server under test, SQLite or PostgreSQL: what a test may ask of it, and do to it, from outside."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.database.postgres import PostgresServer
from tests.waiting import WITHIN_S


class SQLiteDatabase:
    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=WITHIN_S)) as database, database:
            database.execute(statement)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes."""
        with closing(sqlite3.connect(self.path, timeout=WITHIN_S, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                database.execute("ROLLBACK")

    @contextmanager
    def away(self) -> Iterator[None]:
        """A server ends where the file is: so what is away is what is in it."""
        tables = ("events_loghead", "events_event", "events_revision", "knox_authtoken", "django_migrations")
        for table in tables:
            self.change(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            for table in tables:
                self.change(f"ALTER TABLE {table}_away RENAME TO {table}")

    def back_up(self, copy: Path) -> None:
        with closing(sqlite3.connect(self.path)) as database, closing(sqlite3.connect(copy)) as to:
            database.backup(to)

    def restore(self, copy: Path) -> None:
        """Put the copy in place, also while servers run."""
        with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(self.path, timeout=WITHIN_S)) as database:
            old.backup(database)


class PostgresDatabase:
    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    def rows(self, query: str) -> list[Any]:
        return self.server.rows(query, self.name)

    def change(self, statement: str) -> None:
        self.server.execute(statement, self.name)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else places an event."""
        with psycopg.connect(self.url) as other:
            other.execute("SELECT * FROM events_loghead FOR UPDATE")
            yield

    @contextmanager
    def away(self) -> Iterator[None]:
        """The whole server is, and with it every connection."""
        self.server.stop()
        try:
            yield
        finally:
            self.server.start()

    def back_up(self, copy: Path) -> None:
        self._run("pg_dump", "--format=custom", f"--file={copy}", self.url)

    def restore(self, copy: Path) -> None:
        """Put the copy in place, also while servers run."""
        self._run("pg_restore", "--clean", "--single-transaction", f"--dbname={self.url}", str(copy))

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.server.program(program), *arguments], capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
        assert done.returncode == 0, done.stderr


Database = SQLiteDatabase | PostgresDatabase


def copy_of(database: Database, folder: Path) -> Database:
    """One of its own, in this folder or on the same server. Nobody may be connected to the first."""
    if isinstance(database, SQLiteDatabase):
        path = folder / "eventhub.sqlite3"
        shutil.copy(database.path, path)
        return SQLiteDatabase(path)
    name = f"server_{time.monotonic_ns()}"
    database.server.execute(f"CREATE DATABASE {name} TEMPLATE {database.name}")
    return PostgresDatabase(database.server, name)
