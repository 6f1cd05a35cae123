"""Short transactions on SQLite: all or nothing, as long ones are."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from events.database.sqlite.short import short_transaction
from events.models import Revision
from tests.settings import POSTGRES

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(POSTGRES is not None, reason="is about SQLite"),
]

CHANGE = "UPDATE events_revision SET access = 77"


def change_and(*others: str) -> None:
    with short_transaction() as cursor:
        for statement in (CHANGE, *others):
            cursor.execute(statement)


def access() -> int:
    return Revision.objects.get().access


def test_what_is_written_stays_when_the_block_ends() -> None:
    change_and()
    assert access() == 77
    assert not connection.connection.in_transaction


def test_a_block_that_fails_leaves_nothing_and_the_next_one_works() -> None:
    before = access()
    with pytest.raises(DatabaseError, match="no_such_column"):
        change_and("SELECT no_such_column")
    assert access() == before
    change_and()
    assert access() == 77


def test_a_transaction_that_has_ended_by_itself_does_not_hide_what_failed() -> None:
    with pytest.raises(DatabaseError, match="no_such_column"):
        change_and("ROLLBACK", "SELECT no_such_column")  # SQLite itself rolls back when the disk is full
    change_and()
    assert access() == 77, "a connection is there again"


def test_inside_a_transaction_it_is_a_part_of_that() -> None:
    before = access()
    with transaction.atomic():
        change_and()
        transaction.set_rollback(True)
    assert access() == before
