"""Transactions of a few statements of ours on SQLite, without what Django keeps of each: that costs more than they."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction

from events.database.prepared import prepared_cursor


@contextmanager
def short_transaction() -> Iterator[Any]:
    """Yield a cursor in a transaction that writes; a part of the caller's transaction, if there is one. In the block
    are statements by this cursor alone: what asks Django for a transaction would begin another one."""
    database = connections[DEFAULT_DB_ALIAS]  # itself: `connection` looks for it each time
    if database.in_atomic_block or not database.get_autocommit():
        with transaction.atomic(), connection.cursor() as cursor:
            yield cursor
        return
    with prepared_cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            roll_back(cursor)
            raise


def roll_back(cursor: Any) -> None:
    try:
        cursor.execute("ROLLBACK")
    except Error:  # SQLite has done so by itself, or the connection is of no use any more
        connection.close()
