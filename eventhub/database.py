"""What Django is told of the database that DATABASE_URL names."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from events.database.postgresql.growth import grow_for_those_who_wait

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
OUR_BACKENDS = {SQLITE: "events.database.sqlite", POSTGRESQL: "events.database.postgresql"}

OLDEST_SQLITE = (3, 35)  # from there on INSERT tells the primary keys it has given

LOCK_S = 10  # a writer waits that long for another, then its caller is told


def database_settings(url: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a parsed DATABASE_URL with what the log needs of that database."""
    options = url.setdefault("OPTIONS", {})
    if url["ENGINE"] == SQLITE:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            oldest = ".".join(map(str, OLDEST_SQLITE))
            raise ImproperlyConfigured(
                f"This Python has SQLite {sqlite3.sqlite_version}; eventhub needs {oldest} or newer, or PostgreSQL "
                "(DATABASE_URL)."
            )
        # IMMEDIATE: a transaction that reads before it writes would otherwise fail at once when another
        # process writes in between. FULL: an event that was acknowledged survives a power cut.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": LOCK_S,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        }
    elif url["ENGINE"] == POSTGRESQL:
        url["OPTIONS"] = POSTGRESQL_OPTIONS | options
    url["ENGINE"] = OUR_BACKENDS.get(url["ENGINE"], url["ENGINE"])
    return url


POSTGRESQL_OPTIONS = {
    # A pool per process: under ASGI each thread would otherwise open a connection for each request. Delivery keeps up
    # to 9 of them, a web process's requests share the rest. While the server is away, a request for a connection waits
    # for `timeout`, in which a restart may be over, and then fails. The pool would wait twice as long before each next
    # try; so it is made to give up after one, and to begin anew.
    "pool": {
        "min_size": 1,
        "max_size": 20,
        "timeout": 5,
        "reconnect_timeout": 0.25,
        "reconnect_failed": grow_for_those_who_wait,
    },
    "options": f"-c lock_timeout={LOCK_S}s",
    # A server that vanished without a word is given up after about as long; TCP by itself would wait for hours.
    "connect_timeout": 5,
    "tcp_user_timeout": LOCK_S * 1000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
