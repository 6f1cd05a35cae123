"""A connection of the pool that was used a moment ago is taken without asking its server, unless that has ended it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from events.database.postgresql.base import given_back_at, is_silent, works
from tests.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.needs_postgres]


def given_back() -> Any:
    """Return a connection that was used, and lies in the pool now."""
    connection.ensure_connection()
    used = connection.connection
    connection.close()
    return used


def test_its_server_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    used = given_back()
    monkeypatch.setattr("events.database.postgresql.base.SURE_FOR_S", 3600.0)
    monkeypatch.setattr(type(used), "execute", None)
    assert works(used)


def test_one_that_lay_for_longer_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    used = given_back()
    monkeypatch.setattr("events.database.postgresql.base.SURE_FOR_S", 0.0)
    monkeypatch.setattr(type(used), "execute", None)
    with pytest.raises(TypeError):
        works(used)


def test_one_that_the_server_has_ended_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.database.postgresql.base.SURE_FOR_S", 3600.0)
    connection.ensure_connection()
    taken = connection.connection
    given_back_at[taken] = time.monotonic()
    assert works(taken)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(end, taken.info.backend_pid).result()
    eventually(lambda: not is_silent(taken))
    assert not works(taken)
    connection.close()


def end(backend: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [backend])
    connection.close()
