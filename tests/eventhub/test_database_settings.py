"""Which databases eventhub takes, and how it refuses one that is too old."""

from __future__ import annotations

import sqlite3

import pytest
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError

from eventhub.database import POSTGRESQL, SQLITE, database_settings, parse_database_url
from tests.cases import each_case


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


def test_through_a_pooler_no_statement_is_kept_prepared() -> None:
    direct, pooled = (database_settings({"ENGINE": POSTGRESQL}, pooler=pooler) for pooler in (False, True))
    assert direct["OPTIONS"]["prepare_threshold"] > 0
    assert "prepare_threshold" not in pooled["OPTIONS"]  # then Django tells the connection to prepare none


def test_several_hosts_of_postgresql_are_tried_for_one_that_can_be_written_to() -> None:
    url = parse_database_url("postgres://me:p%40ss@first,[::1]:5433,third:7/name?sslmode=require")
    assert (url["HOST"], url["PORT"], url["NAME"]) == ("first,::1,third", "5432,5433,7", "name")
    assert (url["USER"], url["PASSWORD"]) == ("me", "p@ss")
    assert url["OPTIONS"] == {"sslmode": "require", "target_session_attrs": "read-write"}


@each_case(
    ("value", "told"),
    [
        ("nonsense", "DATABASE_URL"),
        ("postgres://me:secret@a:b:c,d/name", "each is host or host:port"),
        ("postgres://me:secret@a/name?sslmode=yes", "sslmode='yes' is none of disable, allow"),
        ("postgres://me:secret@a/name?sslrootcert=/not/there", "sslrootcert='/not/there' is no file"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_and_a_password_is_not(value: str, told: str) -> None:
    with pytest.raises(EnvError) as refused:
        parse_database_url(value)
    assert told in str(refused.value)
    assert "secret" not in str(refused.value)
