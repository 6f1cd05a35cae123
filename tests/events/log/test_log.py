"""The log: positions without a hole in the order of commits, and what transactions mean for events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from events import registry_cache
from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.log import append, placing, reading, records
from events.log.placer import Placer
from events.models import Event, EventType, LogHead
from events.notify import doorbell
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


class Unwanted(Exception):
    pass


def say(word: object) -> Event:
    return broadcast_event("user_login", {"word": word})


def rolled_back(act: Callable[[], object]) -> None:
    """Do it in a transaction, or a savepoint of one, that is rolled back."""
    with suppress(Unwanted), transaction.atomic():
        act()
        raise Unwanted


def told() -> list[object]:
    """What the log says, in its order."""
    return [event.payload["word"] for event in Event.objects.after(0)]


def positions() -> list[int | None]:
    return list(Event.objects.order_by("position").values_list("position", flat=True))


def assert_without_hole() -> None:
    assert positions() == list(range(1, reading.head().position + 1))


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    heard: list[set[str]] = []
    monkeypatch.setattr(doorbell, "ring", lambda event_types, carried: heard.append(set(event_types)))
    return heard


def test_positions_begin_at_one_and_have_no_hole() -> None:
    assert [say(word).position for word in "abc"] == [1, 2, 3]
    assert reading.head().position == 3
    assert [event.position for event in reading.read_after(1, 10).events] == [2, 3]
    assert [event.position for event in reading.read_after(0, 2).events] == [1, 2]


def test_a_read_event_is_what_was_broadcast() -> None:
    event = say("a")
    assert event.position is not None
    assert reading.read_after(0, 1).events == [(1, "user_login", event.timestamp, '{"word":"a","severity":"info"}')]


def test_an_event_outside_a_transaction_is_placed_on_return_with_few_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    say("warm up")
    # Begin, head, insert, head, commit; on PostgreSQL insert, place by the function, read the position.
    with django_assert_num_queries(5 if connection.vendor == "sqlite" else 3):
        assert say("a").position == 2


def test_an_event_inside_a_transaction_has_no_position_before_the_commit() -> None:
    with transaction.atomic():
        event = say("a")
        assert event.position is None
        assert reading.read_after(0, 10).events == []
    event.refresh_from_db()
    assert event.position == 1


def test_an_event_of_a_transaction_that_rolls_back_never_was(rings: list[set[str]]) -> None:
    rolled_back(lambda: say("a"))
    say("b")
    assert told() == ["b"]
    assert_without_hole()
    assert rings == [{"user_login"}]


def test_an_event_of_a_savepoint_that_rolls_back_never_was_but_those_around_it_were() -> None:
    with transaction.atomic():
        say("before")
        rolled_back(lambda: say("inside"))
        say("after")
    assert told() == ["before", "after"]
    assert_without_hole()


def test_an_event_whose_only_savepoint_rolled_back_leaves_the_next_ones_alone() -> None:
    with transaction.atomic():
        rolled_back(lambda: say("inside"))
        with transaction.atomic():
            say("kept")
    assert told() == ["kept"]
    assert_without_hole()


def test_positions_follow_the_order_within_a_transaction() -> None:
    with transaction.atomic():
        say("a")
        broadcast_events([Broadcast("user_login", {"word": word}) for word in "bc"])
        say("d")
    assert told() == ["a", "b", "c", "d"]


def test_an_error_after_the_commit_does_not_lose_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(placing, "place", broken)
        with transaction.atomic():  # does not raise: the caller's work is committed
            say("a")
    assert positions() == [None]
    say("b")
    assert told() == ["a", "b"]
    assert_without_hole()


def broken(*_: object, **__: object) -> LogHead:
    raise DatabaseError("gone")


def test_a_log_that_cannot_be_written_is_told_and_nothing_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "lock_head", broken)
    monkeypatch.setattr(append, "insert", broken)
    with pytest.raises(records.LogUnavailable, match="nothing was broadcast"):
        say("a")
    assert not Event.objects.exists()


def test_a_process_whose_connection_broke_gets_another_without_ending_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry_cache, "REREAD_AFTER", 0)
    EventType.objects.filter(pk="user_login").update(retention_days=0)  # so that no transaction ends, either
    say("before")
    connection.connection.close()
    try:
        with pytest.raises(records.LogUnavailable):
            say("meanwhile")
        say("after")
    finally:
        connection.close()


def test_a_caller_whose_event_cannot_be_logged_may_go_on_with_its_transaction() -> None:
    with transaction.atomic():
        say("before")
        with pytest.raises(records.LogUnavailable):
            append.append([records.Draft("user_login", None, timezone.now(), "", "{}")])  # type: ignore[arg-type]
        say("after")
    assert told() == ["before", "after"]


def test_events_of_a_process_that_died_before_placing_are_placed_after_a_second() -> None:
    with stopped_before_placing(), transaction.atomic():
        say("left")
    assert placing.place_abandoned() == 0  # its process may be just about to place it
    Event.objects.update(timestamp=timezone.now() - timedelta(seconds=2))
    assert placing.place_abandoned() == 1
    assert told() == ["left"]


@contextmanager
def stopped_before_placing() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "place", broken)
        yield


def test_more_pending_events_than_one_lock_places_are_all_placed_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "PLACE_AT_ONCE", 3)
    with stopped_before_placing(), transaction.atomic():
        broadcast_events([Broadcast("user_login", {"word": n}) for n in range(10)])
    assert placing.place() == 10
    assert told() == list(range(10))
    assert_without_hole()


def test_placing_when_nothing_is_pending_changes_nothing(rings: list[set[str]]) -> None:
    say("a")
    assert placing.place() == 0
    assert reading.head().position == 1


def test_the_doorbell_rings_once_for_the_types_that_were_placed(rings: list[set[str]]) -> None:
    with transaction.atomic():
        broadcast_event("user_login", {})
        broadcast_event("user_logout", {})
        assert rings == []
    assert set().union(*rings) == {"user_login", "user_logout"}
    rings.clear()
    broadcast_events([Broadcast("user_login", {}), Broadcast("user_login", {})])
    assert rings == [{"user_login"}]


def test_threads_that_broadcast_at_once_leave_no_hole_and_keep_each_ones_order() -> None:
    start = Barrier(4)

    def broadcast_some(name: str) -> None:
        try:
            start.wait()
            for n in range(25):
                with transaction.atomic() if n % 2 else no_transaction():
                    say([name, n])
        finally:
            connection.close()

    threads = [Thread(target=broadcast_some, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    placing.place()
    words = told()
    for name in "abcd":
        numbers = [n for word in words if isinstance(word, list) for who, n in [word] if who == name]
        assert numbers == list(range(25))
    assert_without_hole()


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None


def position_of_a_new_one(event_type: str) -> int | None:
    """Broadcast by a connection of one's own."""
    try:
        return broadcast_event(event_type, {}, wait=True).position
    finally:
        connection.close()


@pytest.mark.needs_postgres
def test_an_event_is_on_disk_while_somebody_has_locked_the_head_and_placed_after_that() -> None:
    with ThreadPoolExecutor() as threads:
        with transaction.atomic():
            LogHead.objects.select_for_update().get()
            placed = threads.submit(position_of_a_new_one, "user_login")
            eventually(Event.objects.pending().exists)
            assert not placed.done()
        assert placed.result() == 1


@pytest.mark.needs_postgres
def test_who_changes_a_type_holds_up_only_those_who_broadcast_this_type() -> None:
    with ThreadPoolExecutor() as threads, transaction.atomic():
        EventType.objects.select_for_update().get(pk="user_login")
        threads.submit(position_of_a_new_one, "user_login")
        eventually(is_somebody_waiting)
        assert threads.submit(position_of_a_new_one, "user_logout").result() == 1


@contextmanager
def no_transaction() -> Iterator[None]:
    yield


MANY = 2 * reading.KEYS_AT_ONCE + 150  # several statements, of each kind


def odd_word(number: int) -> str:
    """Return a word with what JSON and SQL write in their own ways."""
    return f"{number} \\ \" ' % \x00 \n é 😀"


def many() -> list[Broadcast]:
    return [Broadcast("user_login", {"word": odd_word(number)}, "\\ \" ' % é 😀") for number in range(MANY)]


@pytest.mark.parametrize("inside", [False, True])
def test_events_of_several_statements_are_as_they_are_returned(inside: bool) -> None:
    with transaction.atomic() if inside else nullcontext():
        made = broadcast_events(many())
        assert [event.position for event in made] == ([None] * MANY if inside else list(range(1, MANY + 1)))
    rows = Event.objects.in_bulk([event.pk for event in made])
    for number, event in enumerate(made):
        row = rows[event.pk]
        assert (row.position, row.payload["word"], event.payload["word"]) == (number + 1, *[odd_word(number)] * 2)
        told = ("type_id", "severity", "timestamp", "source", "data")
        assert [getattr(row, name) for name in told] == [getattr(event, name) for name in told]


@pytest.mark.parametrize("inside", [False, True])
def test_none_is_logged_when_a_later_statement_fails(inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    insert, statements = append.inserted, []

    def failing(cursor: Any, rows: list[append.Row]) -> tuple[list[int], Placer]:
        statements.append(rows)
        if len(statements) == 2:
            raise DatabaseError("gone")
        return insert(cursor, rows)

    monkeypatch.setattr(append, "inserted", failing)
    with transaction.atomic() if inside else nullcontext(), pytest.raises(records.LogUnavailable):
        broadcast_events(many())
    assert len(statements) == 2
    assert not Event.objects.exists()
    assert LogHead.objects.get().position == 0


def test_the_fields_that_are_inserted_are_the_models() -> None:
    assert tuple(field.attname for field in Event._meta.concrete_fields) == append.FIELDS
