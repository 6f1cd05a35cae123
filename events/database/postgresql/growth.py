"""Lets a pool of connections grow again at once when its server is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg_pool import ConnectionPool


def grow_for_those_who_wait(pool: ConnectionPool[Any]) -> None:
    """Let the pool begin anew for those who wait. It has given up on a new connection, as it does after each try.
    Otherwise they would get none before their time is over, even if the server were back."""
    if pool.get_stats().get("requests_waiting"):
        pool.check()
