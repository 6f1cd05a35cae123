"""Which databases eventhub takes, and how it refuses one that is too old."""

from __future__ import annotations

import sqlite3

import pytest
from django.core.exceptions import ImproperlyConfigured

from eventhub.database import POSTGRESQL, SQLITE, database_settings


def test_an_sqlite_that_is_too_old_is_refused_in_a_sentence_and_postgresql_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(
        ImproperlyConfigured, match=r"has SQLite 3\.34\.1; eventhub needs 3\.35 or newer, or PostgreSQL"
    ):
        database_settings({"ENGINE": SQLITE})
    assert database_settings({"ENGINE": POSTGRESQL})["ENGINE"] == "events.database.postgresql"
