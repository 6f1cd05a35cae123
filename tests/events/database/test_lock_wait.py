"""Whoever waits less long for the locks of others leaves the connection as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection

from eventhub.database import LOCK_S
from events.database.lock_wait import lock_wait

pytestmark = pytest.mark.django_db(transaction=True)


def wait_now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout" if connection.vendor == "sqlite" else "SHOW lock_timeout")
        return cursor.fetchone()[0]


def test_a_connection_waits_as_told_and_then_as_long_as_before() -> None:
    usual = wait_now()
    assert usual in (LOCK_S * 1000, f"{LOCK_S}s")
    with lock_wait(1):
        assert wait_now() in (1000, "1s")
    assert wait_now() == usual


def test_also_if_what_waited_has_failed() -> None:
    usual = wait_now()
    with pytest.raises(DatabaseError), lock_wait(1), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")
    assert wait_now() == usual
