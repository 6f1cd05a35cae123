"""A connection to SQLite that was closed is there for the next one for a moment, and never with anything under way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import ConnectionHandler

from events.database.file import DatabaseFile, OpenConnection
from events.database.sqlite import base
from events.database.sqlite.kept import MAX_KEPT, KeptConnections
from tests.waiting import eventually


@pytest.fixture
def file(tmp_path: Path) -> DatabaseFile:
    return DatabaseFile(str(tmp_path / "some.sqlite3"))


@pytest.fixture
def kept() -> Iterator[KeptConnections]:
    """Connections that are kept until the test ends it."""
    connections = KeptConnections(keeps=True)  # without the thread that closes those that idle
    yield connections
    connections.end()


def opened(file: DatabaseFile) -> OpenConnection:
    connection = sqlite3.connect(file.path, factory=OpenConnection, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    file.opened(connection)
    return connection


def with_rows(file: DatabaseFile) -> OpenConnection:
    connection = opened(file)
    connection.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1), (2), (3)")
    return connection


def is_open(connection: OpenConnection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return False
    return True


def test_the_one_that_was_used_last_is_taken_first(kept: KeptConnections, file: DatabaseFile) -> None:
    first, second = opened(file), opened(file)
    assert kept.put(file, first)
    assert kept.put(file, second)
    assert kept.take(file) is second
    assert kept.take(file) is first
    assert kept.take(file) is None


def test_one_of_another_file_is_not_taken(kept: KeptConnections, file: DatabaseFile) -> None:
    assert kept.put(file, opened(file))
    assert kept.take(DatabaseFile(file.path)) is None


def test_one_whose_rows_nobody_has_read_to_the_end_is_not_kept(kept: KeptConnections, file: DatabaseFile) -> None:
    connection = with_rows(file)
    cursor = connection.execute("SELECT b FROM a")
    cursor.fetchone()
    assert not kept.put(file, connection)
    cursor.close()
    assert kept.put(file, connection)


def test_one_in_a_transaction_is_not_kept(kept: KeptConnections, file: DatabaseFile) -> None:
    connection = with_rows(file)
    connection.execute("BEGIN IMMEDIATE")
    assert not kept.put(file, connection)


def test_one_that_is_closed_already_is_not_kept(kept: KeptConnections, file: DatabaseFile) -> None:
    connection = opened(file)
    connection.close()
    assert not kept.put(file, connection)


def test_only_a_few_are_kept_and_none_by_a_process_that_answers_no_requests(
    kept: KeptConnections, file: DatabaseFile
) -> None:
    assert not KeptConnections().put(file, opened(file))
    assert [kept.put(file, opened(file)) for _ in range(MAX_KEPT + 1)] == [True] * MAX_KEPT + [False]


def test_an_idle_process_closes_all_and_leaves_nothing_in_the_log(file: DatabaseFile) -> None:
    kept, beside, connection = KeptConnections(), opened(file), with_rows(file)
    log = Path(f"{file.path}-wal")
    beside.execute("SELECT b FROM a").fetchall()  # now it has the log open, too
    assert log.stat().st_size
    kept.begin()
    try:
        assert kept.put(file, connection)
        eventually(lambda: not log.stat().st_size)
        assert kept.take(file) is None
        assert beside.execute("SELECT count(*) FROM a").fetchone() == (3,)
    finally:
        kept.end()


def test_a_process_that_ends_closes_all_and_keeps_none(kept: KeptConnections, file: DatabaseFile) -> None:
    connection = opened(file)
    assert kept.put(file, connection)
    kept.end()
    assert not is_open(connection)
    assert not kept.put(file, opened(file))


@pytest.fixture
def wrapper(kept: KeptConnections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[base.DatabaseWrapper]:
    """Django's side of a database of its own, whose connections are kept."""
    monkeypatch.setattr(base, "kept_connections", kept)
    handler = ConnectionHandler({"default": {"ENGINE": "events.database.sqlite", "NAME": tmp_path / "own.sqlite3"}})
    wrapper: Any = handler["default"]
    yield wrapper
    wrapper.close()


def ask(wrapper: base.DatabaseWrapper) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")


def leave(wrapper: base.DatabaseWrapper) -> None:
    """End a request."""
    wrapper.close_if_unusable_or_obsolete()
    assert wrapper.connection is None


@pytest.mark.django_db
def test_whoever_comes_next_has_the_one_that_was_kept_as_if_it_were_new(wrapper: base.DatabaseWrapper) -> None:
    ask(wrapper)
    first = wrapper.connection
    for _ in range(3):
        leave(wrapper)
        ask(wrapper)
        assert wrapper.connection is first
        assert (wrapper.in_atomic_block, wrapper.get_autocommit()) == (False, True)


@pytest.mark.django_db
def test_what_one_has_changed_of_its_connection_is_not_there_for_the_next(wrapper: base.DatabaseWrapper) -> None:
    ask(wrapper)
    first = wrapper.connection
    wrapper.set_autocommit(False)
    leave(wrapper)
    ask(wrapper)
    assert (wrapper.get_autocommit(), wrapper.connection is first) == (True, False)


@pytest.mark.django_db
def test_another_database_has_a_connection_of_its_own(wrapper: base.DatabaseWrapper, tmp_path: Path) -> None:
    ask(wrapper)
    leave(wrapper)
    wrapper.settings_dict["NAME"] = str(tmp_path / "other.sqlite3")
    with wrapper.cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert cursor.fetchall() == [(0, "main", str(tmp_path / "other.sqlite3"))]
