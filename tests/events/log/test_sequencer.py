"""The sequencer: while many events are broadcast on PostgreSQL, one process gives them all their positions."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from events.broadcast import Broadcast, broadcast_event, broadcast_events
from events.log import placer, placing, reading, sequencer
from events.log.placer import Placer, who_places
from events.log.sequencer import Sequencer, sequencing
from events.models import Event, LogHead
from tests.waiting import eventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_postgres]


def say(word: object, *, wait: bool = False) -> Event:
    return broadcast_event("user_login", {"word": word}, wait=wait)


def told() -> list[object]:
    return [event.payload["word"] for event in Event.objects.after(0)]


def sequenced_for(seconds: float, name: str = "somebody") -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    LogHead.objects.update(sequencer=name, sequenced_until=until)


@pytest.fixture(autouse=True)
def _long_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a sequencer say a quarter of an hour ahead in place of a second, in which a busy machine may do nothing."""
    statements = ((placer, ("SEQUENCED", "WHO_PLACES")), (sequencer, ("HEAD", "TAKE", "RENEW", "SAY_BEHIND")))
    for module, names in statements:
        for name in names:
            monkeypatch.setattr(module, name, re.sub(r"'(\d) seconds'", r"'\g<1>000 seconds'", getattr(module, name)))


@pytest.fixture
def leading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sequencer]:
    """A sequencer that leads from the first event on."""
    monkeypatch.setattr(sequencer, "BEGIN_AT", 0)
    monkeypatch.setattr(sequencer, "LINGER_S", 0.05)
    one = Sequencer(watch_s=0.01)
    one.start()
    eventually(lambda: one.leads)
    yield one
    one.stop()


def test_a_connection_that_has_broken_does_not_end_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[Exception] = [InterfaceError("the connection is closed"), OperationalError("it is away")]

    def is_wanted(watching: Sequencer) -> bool:
        if errors:
            raise errors.pop()
        return True

    monkeypatch.setattr(Sequencer, "_is_wanted", is_wanted)
    one = Sequencer(watch_s=0.01)
    one.start()
    eventually(lambda: one.leads)
    one.stop()


def test_an_event_is_on_disk_on_return_and_gets_its_position_a_moment_later(leading: Sequencer) -> None:
    event = say("a")
    assert event.position is None
    assert Event.objects.filter(pk=event.pk).exists()
    eventually(lambda: told() == ["a"])


def test_who_waits_gets_the_position(leading: Sequencer) -> None:
    assert [say(word, wait=True).position for word in "abc"] == [1, 2, 3]
    assert [event.position for event in broadcast_events([Broadcast("user_login", {})] * 3, wait=True)] == [4, 5, 6]


def test_who_waits_for_an_event_with_a_key_gets_the_position_too(leading: Sequencer) -> None:
    for _ in range(2):
        assert broadcast_event("user_login", {}, idempotency_key="k", wait=True).position == 1


def test_an_event_of_a_transaction_is_left_to_the_sequencer(leading: Sequencer) -> None:
    with transaction.atomic():
        say("inside")
        assert told() == []
    eventually(lambda: told() == ["inside"])


def test_who_waits_for_a_sequencer_that_has_died_places_the_event_and_all_before_it() -> None:
    sequenced_for(1000)
    assert say("left").position is None
    assert say("waits", wait=True).position == 2
    assert told() == ["left", "waits"]


def test_when_the_time_of_a_sequencer_is_over_everybody_places_again() -> None:
    sequenced_for(1000)
    say("left")
    sequenced_for(-0.001)
    assert say("next").position == 2
    assert told() == ["left", "next"]


def test_a_time_further_away_than_a_sequencer_ever_says_counts_for_nothing() -> None:
    """A database whose clock was set back by an hour."""
    sequenced_for(3600)
    assert say("a").position == 1


def test_threads_that_broadcast_at_once_leave_no_hole_and_keep_each_ones_order(leading: Sequencer) -> None:
    def broadcast_some(name: str) -> None:
        try:
            for number in range(40):
                say([name, number])
        finally:
            connection.close()

    threads = [threading.Thread(target=broadcast_some, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    eventually(lambda: len(told()) == 160)
    for name in "abcd":
        assert [word[1] for word in told() if isinstance(word, list) and word[0] == name] == list(range(40))
    positions = Event.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(1, 161))
    assert reading.head().position == 160


def test_a_sequencer_begins_when_much_happens_and_ends_when_little_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BEGIN_AT", 2)
    monkeypatch.setattr(sequencer, "END_BELOW", 1)
    monkeypatch.setattr(sequencer, "LINGER_S", 0.0)
    one = Sequencer(watch_s=0.5)
    one.start()

    def leads_when_more_is_said() -> bool:
        say("more")
        return one.leads

    try:
        eventually(leads_when_more_is_said)
        eventually(lambda: not one.leads)
        eventually(lambda: who_places() == Placer.EACH)  # its term is given back right after
        assert say("the last", wait=True).position == Event.objects.count()
    finally:
        one.stop()


def test_little_makes_nobody_a_sequencer() -> None:
    one = Sequencer(watch_s=0.05)
    one.start()
    say("a")
    one.stop()
    assert LogHead.objects.get().sequencer == ""


def test_a_sequencer_ends_when_another_has_taken_its_place(leading: Sequencer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "LINGER_S", 0.0)
    sequenced_for(1000, "another")
    eventually(lambda: not leading.leads)
    assert LogHead.objects.get().sequencer == "another"


def test_a_sequencer_that_does_not_keep_up_says_so_until_it_does(
    leading: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(lambda: who_places() == Placer.SEQUENCER)
    with monkeypatch.context() as patch:
        patch.setattr(placing, "place_some", lambda wait: placing.PLACE_AT_ONCE)  # more is always pending
        eventually(lambda: who_places() == Placer.BEHIND)
        assert not sequencer.changes(sequencer.TAKE, "another")  # which would not keep up either
    eventually(lambda: who_places() == Placer.SEQUENCER)


def test_who_broadcasts_waits_for_a_sequencer_that_is_behind_and_places_if_it_has_died() -> None:
    sequenced_for(1000)
    assert say("a").position is None
    sequenced_for(3000)
    assert say("b").position == 2


def test_where_nothing_is_pending_a_placing_does_not_even_wait_for_the_head() -> None:
    say("a", wait=True)
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM events_loghead FOR UPDATE")
            assert placing.place() == 0
    finally:
        other.close()


def test_a_placing_reads_what_is_pending_alone_whatever_the_database_believes() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        broadcast_events([Broadcast("user_login", {"word": number}) for number in range(1000)])
        cursor.execute("ANALYZE events_event")  # all are pending
        cursor.execute("UPDATE events_event SET position = id")
        cursor.execute("UPDATE events_loghead SET position = (SELECT max(id) FROM events_event)")
        broadcast_events([Broadcast("user_login", {"word": "last"})])
        before = reads_of_the_whole_log(cursor)
        cursor.execute(placing.PLACE_ALL, [10, True, 100, 4096])
        assert len(cursor.fetchall()) == 1
        assert reads_of_the_whole_log(cursor) == before


def reads_of_the_whole_log(cursor: Any) -> int:
    cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'events_event'")
    return int(cursor.fetchone()[0])


def test_a_sequencer_that_is_told_to_stop_leaves_nothing_behind(leading: Sequencer) -> None:
    broadcast_events([Broadcast("user_login", {"word": number}) for number in range(500)])
    leading.stop()
    assert told() == list(range(500))
    assert who_places() == Placer.EACH


def test_a_placing_that_is_killed_in_the_middle_never_was() -> None:
    sequenced_for(1000)
    say("a")
    dying = connection.copy()
    try:
        with dying.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(placing.PLACE_ALL, [10, True, 100, 4096])
            assert [row[1] for row in cursor.fetchall()] == [1]
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        assert placing.place(wait=False) == 0  # it has the head
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        eventually(lambda: placing.place(wait=False) == 1)
    finally:
        dying.close()
    assert told() == ["a"]
    assert reading.head().position == 1


def test_two_who_place_at_once_place_each_event_once() -> None:
    stop = threading.Event()
    placed: list[int] = []

    def place() -> None:
        try:
            count = 0
            while not stop.is_set():
                count += placing.place(wait=False)
            placed.append(count)
        finally:
            connection.close()

    threads = [threading.Thread(target=place) for _ in range(2)]
    for thread in threads:
        thread.start()
    broadcast = [broadcast_event("user_login", {"word": number}) for number in range(100)]
    eventually(lambda: len(told()) == len(broadcast))
    stop.set()
    for thread in threads:
        thread.join()
    assert sum(placed) <= 100
    assert told() == list(range(100))


def test_a_block_that_sequences_gives_the_role_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "BEGIN_AT", 0)
    with sequencing(watch_s=0.01):
        eventually(who_places)
    assert who_places() == Placer.EACH
