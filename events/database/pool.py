"""What a thread does with its connection to the database while it needs none: there are few of them."""

from __future__ import annotations

from django.db import connection


def let_go_of_database() -> None:
    """Give back this thread's connection, unless a transaction is open; the next query takes one anew."""
    if not connection.in_atomic_block:
        connection.close()
