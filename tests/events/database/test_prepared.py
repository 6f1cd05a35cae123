"""Statements that PostgreSQL plans once for a connection."""

from __future__ import annotations

import pytest
from django.db import connection

from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.database.prepared import prepared_cursor

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_postgres]

OFTEN = 10  # more often than it takes


def kept_plans() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE generic_plans + custom_plans > 0")
        return [statement for (statement,) in cursor.fetchall()]


def test_what_broadcasts_run_is_planned_once_for_a_connection() -> None:
    for word in range(OFTEN):
        broadcast_event("user_login", {"word": word})
        broadcast_events([Broadcast("user_login", {"word": word})] * 2)
    plans = kept_plans()
    for part in ("INSERT INTO events_event", "events_append(", "events_place("):
        assert [part in plan for plan in plans].count(True) == 1, part


def test_through_a_pooler_no_plan_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)  # as settings for a pooler have it
    for number in range(OFTEN):
        with prepared_cursor() as cursor:
            cursor.execute("SELECT %s::int", [number])
            assert cursor.fetchone() == (number,)
    assert not [plan for plan in kept_plans() if "::int" in plan]
