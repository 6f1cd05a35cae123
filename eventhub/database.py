from __future__ import annotations

from typing import Any

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"


def database_settings(url: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a parsed DATABASE_URL with what the log needs of that database."""
    options = url.setdefault("OPTIONS", {})
    if url["ENGINE"] == SQLITE:
        # IMMEDIATE: a transaction that reads before it writes would otherwise fail at once when another
        # process writes in between. FULL: an event that was acknowledged survives a power cut.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        }
    elif url["ENGINE"] == POSTGRESQL:
        # A pool per process: under ASGI each thread would otherwise open a connection for each request.
        options.setdefault("pool", {"min_size": 1, "max_size": 10, "timeout": 10})
    return url
