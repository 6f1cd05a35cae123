"""Statements that are run again and again: what a cursor for them promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.database.prepared import prepared_cursor

pytestmark = pytest.mark.django_db(transaction=True)

OFTEN = 10  # more often than it takes


def kept_plans() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE generic_plans + custom_plans > 0")
        return [statement for (statement,) in cursor.fetchall()]


@pytest.mark.needs_postgres
def test_what_broadcasts_run_is_planned_once_for_a_connection() -> None:
    for word in range(OFTEN):
        broadcast_event("user_login", {"word": word})
        broadcast_events([Broadcast("user_login", {"word": word})] * 2)
        broadcast_event("user_login", {"word": word}, wait=True)
    plans = kept_plans()
    for part in ("events_append_placed(", "INSERT INTO events_event", "events_append(", "events_place("):
        assert [part in plan for plan in plans].count(True) == 1, part


@pytest.mark.needs_postgres
def test_through_a_pooler_no_plan_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)  # as settings for a pooler have it
    for number in range(OFTEN):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT %s::int", [number])
            assert cursor.fetchone() == (number,)
    assert not [plan for plan in kept_plans() if "::int" in plan]


def test_a_statement_takes_what_django_takes() -> None:
    with prepared_cursor() as cursor:
        cursor.execute("SELECT 1 WHERE 'a%b' LIKE 'a%'")  # without parameters, a % is a %
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT CAST(%s AS integer), 'a%%'", [7])
        assert cursor.fetchall() == [(7, "a%")]


def test_what_fails_raises_an_error_of_django_and_the_next_statement_works() -> None:
    with prepared_cursor() as cursor, pytest.raises(DatabaseError, match="no_such_column"):
        cursor.execute("SELECT no_such_column FROM events_revision WHERE id = %s", [1])
    with prepared_cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_what_django_must_see_it_sees() -> None:
    with CaptureQueriesContext(connection) as captured, prepared_cursor() as cursor:
        cursor.execute("SELECT 1")
    assert len(captured) == 1
    with transaction.atomic(), prepared_cursor() as cursor:
        transaction.set_rollback(True)  # as after an error: Django takes no statement any more
        with pytest.raises(transaction.TransactionManagementError):
            cursor.execute("SELECT 1")


def test_a_project_with_the_backend_of_django_broadcasts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(connections[DEFAULT_DB_ALIAS]), "prepared_cursor")
    assert broadcast_event("user_login", {}, wait=True).position
