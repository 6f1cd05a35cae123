"""Every event that matches is acknowledged by its destination, or listed as given up; in order, and not twice."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from events.leadership.lease import LeaseLost
from events.log import pages, placing, reading
from events.models import Event, EventType, LogHead
from events.models.event import new_epoch
from subscriptions.models import DeliveryLease, FailedDelivery, StandingSubscription
from subscriptions.standing import attempts, deliveries, runner
from subscriptions.standing.answer import Answer, Verdict
from subscriptions.standing.requests import operations
from subscriptions.standing.schedule import WAITS
from tests.subscriptions.standing.stepped import (
    AGAIN,
    GONE,
    HANG,
    STATUS,
    TOO_LARGE,
    Stepped,
    a_standing,
    an_owner,
    emit,
)
from tests.waiting import aeventually

ONE, OTHER = "https://receiver.example/one", "https://receiver.example/other"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
JITTER = 1.3  # more than a wait with its jitter


def row() -> StandingSubscription:
    return StandingSubscription.objects.order_by("pk")[0]


def test_what_matches_arrives_in_order_as_sockets_get_it_and_moves_the_watermark(stepped: Stepped) -> None:
    a_standing(an_owner(), filters={"severity": ["error"]})
    stepped.step()
    emit("a", "b", severity="error")
    emit("quiet", severity="info")
    emit("c", severity="error")
    stepped.step()
    assert stepped.destinations.names() == ["a", "b", "c"]
    event = stepped.destinations.accepted[0][1]
    assert event["type"] == STATUS
    assert event["id"] == f"{reading.head().epoch}-1"
    assert row().position == reading.head().position
    assert row().last_success_at == stepped.now
    assert not FailedDelivery.objects.exists()


def test_a_success_writes_no_row_of_its_own_and_a_crash_repeats_only_what_was_not_written(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.step()
    emit("written")
    stepped.step()
    emit("unwritten")
    stepped.deliver()
    stepped.kill()
    stepped.step()
    assert stepped.destinations.names() == ["written", "unwritten", "unwritten"]
    stepped.kill()
    stepped.step()
    assert stepped.destinations.names() == ["written", "unwritten", "unwritten"]


def test_what_came_while_nobody_delivered_is_sent_afterwards(stepped: Stepped, monkeypatch: pytest.MonkeyPatch) -> None:
    standing = a_standing(an_owner())
    emit(*(f"s{n:03}" for n in range(350)))  # more than is kept in memory
    stepped.step()
    assert stepped.destinations.names() == [f"s{n:03}" for n in range(350)]
    emit("live")
    stepped.step()
    assert stepped.destinations.names()[-1] == "live"
    monkeypatch.setattr(pages, "MAX_BYTES", 200)  # three events: what is read at once ends by bytes, too
    emit(*(f"m{n}" for n in range(8)))
    stepped.step()
    operations.replay(standing, f"{reading.epoch()}-351")
    stepped.step()
    stepped.step()
    assert stepped.destinations.names()[351:] == 2 * [f"m{n}" for n in range(8)]


def test_a_failure_is_tried_again_after_each_wait_holds_the_order_and_is_given_up_at_last(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.destinations.always[ONE] = AGAIN
    stepped.step()
    emit("first", "second")
    stepped.step()
    for tries, wait in enumerate(WAITS, 1):
        assert stepped.destinations.tries("first") == tries
        assert stepped.destinations.tries("second") == 0
        stepped.step(timedelta(seconds=wait / JITTER / JITTER))
        assert stepped.destinations.tries("first") == tries
        if tries == len(WAITS):
            stepped.destinations.answers[ONE] = deque([AGAIN])
            stepped.destinations.always.clear()
        stepped.step(timedelta(seconds=wait * JITTER))
    given_up = FailedDelivery.objects.get(standing=standing)
    assert (given_up.attempts, given_up.error, given_up.given_up_at is None) == (len(WAITS) + 1, "HTTP 500.", False)
    assert stepped.destinations.names() == ["second"]
    (told,) = Event.objects.filter(type="delivery_given_up")
    assert told.payload["destination"] == "https://receiver.example"
    assert told.payload["event_id"].endswith("-1")
    assert stepped.destinations.tries("first") == len(WAITS) + 1


def test_where_order_does_not_count_the_others_go_on_and_a_crash_repeats_none_of_them(stepped: Stepped) -> None:
    a_standing(an_owner(), parallel=8)
    stepped.destinations.answers[ONE] = deque([AGAIN])
    stepped.step()
    emit("first", "second", "third")
    stepped.step()
    assert stepped.destinations.names() == ["second", "third"]
    assert row().position == 3
    stepped.kill()
    stepped.step(MINUTE)
    assert stepped.destinations.names() == ["second", "third", "first"]
    stepped.step()
    assert not FailedDelivery.objects.exists()


def test_a_failure_is_remembered_by_the_next_process_with_its_attempts(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.destinations.always[ONE] = AGAIN
    stepped.step()
    emit("first", "second")
    stepped.step()
    stepped.kill()
    stepped.step()
    assert stepped.destinations.tries("first") == 1
    stepped.step(MINUTE)
    assert FailedDelivery.objects.get().attempts == 2
    stepped.destinations.always.clear()
    stepped.step(MINUTE)
    assert stepped.destinations.names() == ["first", "second"]


def test_a_destination_that_asks_to_wait_is_left_alone_for_so_long(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.destinations.answers[ONE] = deque([Answer(Verdict.AGAIN, "http", "HTTP 503.", retry_after_s=1800)])
    stepped.step()
    emit("first")
    stepped.step()
    stepped.step(29 * MINUTE)
    assert stepped.destinations.tries("first") == 1
    stepped.step(2 * MINUTE)
    assert stepped.destinations.names() == ["first"]


def test_410_ends_a_subscription_and_413_gives_up_one_event(stepped: Stepped) -> None:
    owner = an_owner()
    gone, large = a_standing(owner, ONE), a_standing(owner, OTHER)
    stepped.destinations.answers = {ONE: deque([GONE]), OTHER: deque([TOO_LARGE])}
    stepped.step()
    emit("first", "second")
    stepped.step()
    gone.refresh_from_db()
    assert (gone.state, gone.reason) == ("ended", "HTTP 410: it wants nothing more.")
    assert stepped.destinations.names(ONE) == []
    assert stepped.destinations.names(OTHER) == ["second"]
    (given_up,) = FailedDelivery.objects.given_up().filter(standing=large)
    assert (given_up.attempts, given_up.error_class) == (1, "too_large")


def test_a_destination_that_fails_for_three_days_is_suspended_and_goes_on_from_there(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.destinations.always[ONE] = AGAIN
    stepped.step()
    emit("first", "second", "third")
    for _ in range(110):
        stepped.step(HOUR)
    standing.refresh_from_db()
    assert standing.state == "suspended"
    assert "HTTP 500." in standing.reason
    (told,) = Event.objects.filter(type="destination_suspended")
    assert told.payload["owner"] == "olga"
    tries = len(stepped.destinations.got)
    stepped.step(24 * HOUR)
    assert len(stepped.destinations.got) == tries

    stepped.destinations.always.clear()
    operations.resume(standing)
    stepped.step()
    given_up = FailedDelivery.objects.given_up().filter(standing=standing).count()
    assert stepped.destinations.names() == ["first", "second", "third"][given_up:]
    standing.refresh_from_db()
    assert (standing.state, standing.failing_since) == ("active", None)


def test_a_destination_that_hangs_holds_up_nobody_else(stepped: Stepped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "AT_ONCE", 4)
    owner = an_owner()
    hanging = [f"https://receiver.example/hangs{n}" for n in range(3)]
    for url in hanging:
        a_standing(owner, url)
        stepped.destinations.always[url] = HANG
    a_standing(owner, ONE)
    stepped.step()
    emit(*(f"s{n}" for n in range(50)))
    stepped.step()
    assert stepped.destinations.names(ONE) == [f"s{n}" for n in range(50)]
    assert stepped.destinations.hanging == len(hanging)
    for standing in StandingSubscription.objects.filter(destination__address__in=hanging):
        assert standing.position == 0


def test_an_owner_of_many_destinations_that_hang_holds_up_nobody_else(
    stepped: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "AT_ONCE", 4)
    monkeypatch.setattr(attempts, "OF_OWNER", 2)
    hog = an_owner("hog")
    for n in range(5):
        url = f"https://receiver.example/hangs{n}"
        a_standing(hog, url, parallel=8)
        stepped.destinations.always[url] = HANG
    a_standing(an_owner(), ONE)
    stepped.step()
    emit("a", "b", "c")
    stepped.step()
    assert stepped.destinations.names(ONE) == ["a", "b", "c"]
    assert stepped.destinations.hanging == 2
    stepped.destinations.always.clear()
    stepped.destinations.released.set()
    stepped.step()
    assert len(stepped.destinations.names()) == 6 * 3


def test_one_in_flight_for_a_destination_unless_it_says_more(stepped: Stepped) -> None:
    owner = an_owner()
    a_standing(owner, ONE)
    a_standing(owner, OTHER, parallel=3)
    stepped.destinations.always = {ONE: HANG, OTHER: HANG}
    stepped.step()
    emit(*(f"s{n}" for n in range(5)))
    stepped.step()
    assert [to for to, _ in stepped.destinations.got] == [ONE, OTHER, OTHER, OTHER]


def test_what_retention_has_deleted_is_told_as_a_gap_before_the_rest(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.step()
    operations.pause(standing)
    emit("gone", "kept")
    Event.objects.filter(position=1).delete()
    EventType.objects.filter(pk=STATUS).update(pruned_to=1)
    operations.resume(standing)
    stepped.step()
    gap, event = (body for _, body in stepped.destinations.accepted)
    assert (gap["type"], gap["complete"], gap["reason"]) == ("replayed", False, "expired")
    assert event["data"]["mcp_name"] == "kept"
    emit("later")
    stepped.step()
    assert stepped.destinations.names() == ["kept", "later"]
    assert len(stepped.destinations.accepted) == 3


def test_another_epoch_is_told_as_a_gap_also_by_the_process_that_runs(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.destinations.answers[ONE] = deque([AGAIN])
    stepped.step()
    emit("lost")
    stepped.step()
    LogHead.objects.update(epoch=new_epoch())
    stepped.step()
    emit("later")
    stepped.step()
    gap, event = (body for _, body in stepped.destinations.accepted)
    assert (gap["type"], gap["reason"], event["data"]["mcp_name"]) == ("replayed", "epoch", "later")
    assert FailedDelivery.objects.get().given_up_at is not None
    assert row().gap_reason == ""


def another_log() -> None:
    """As after the promotion of a standby that lacks the first event, and has had another one since."""
    Event.objects.filter(position=1).update(data='{"mcp_name":"new","severity":"error"}')
    LogHead.objects.update(epoch=new_epoch())


@pytest.mark.parametrize("read", ["event", "page"])  # of a retry, and of a subscription that is behind
def test_no_event_of_another_epoch_is_sent_under_a_position_of_the_old_one(
    stepped: Stepped, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, read: str
) -> None:
    standing = a_standing(an_owner())
    stepped.step()
    if read == "event":
        stepped.destinations.answers[ONE] = deque([AGAIN])
        emit("old")
        stepped.step()
    else:
        operations.pause(standing)
        emit("old")
        stepped.step()
        operations.resume(standing)
    reads = getattr(stepped.loop, read)

    async def read_after_promotion(*args: Any) -> Any:
        await stepped.loop.in_database(another_log)
        return await reads(*args)

    async def poll_and_read() -> None:
        await stepped.leader.poll_once()
        stepped.leader.deliveries.attempts.wake()
        await aeventually(lambda: "another epoch" in caplog.text)

    with monkeypatch.context() as promoted:
        promoted.setattr(stepped.loop, read, read_after_promotion)
        stepped.now += MINUTE
        stepped.loop.run(poll_and_read())
    stepped.step()
    emit("later")
    stepped.step()
    gap, event = (body for _, body in stepped.destinations.accepted)
    assert (gap["reason"], event["data"]["mcp_name"]) == ("epoch", "later")
    assert "new" not in [body["data"]["mcp_name"] for _, body in stepped.destinations.got if "data" in body]


def test_pausing_stops_at_once_and_resuming_sends_what_came_meanwhile(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.step()
    operations.pause(standing)
    emit("first")
    stepped.step()
    assert stepped.destinations.names() == []
    operations.resume(standing)
    stepped.step()
    assert stepped.destinations.names() == ["first"]


def test_a_replay_sends_again_from_an_event_or_a_time_whatever_was_written_meanwhile(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.step()
    emit("first", "second", "third")
    stepped.deliver()
    operations.replay(standing, f"{reading.head().epoch}-1")
    stepped.step()  # what the process has had to write until now is void
    stepped.step()
    assert stepped.destinations.names() == ["first", "second", "third", "second", "third"]
    operations.replay(standing, "2020-01-01")
    stepped.step()
    assert stepped.destinations.names()[-3:] == ["first", "second", "third"]


def test_what_was_given_up_is_sent_again_by_one_call(stepped: Stepped) -> None:
    standing = a_standing(an_owner())
    stepped.destinations.answers[ONE] = deque([TOO_LARGE])
    stepped.step()
    emit("first", "second")
    stepped.step()
    assert operations.send_again(standing, standing.failed.all()) == 1
    stepped.step(MINUTE)
    assert stepped.destinations.names() == ["second", "first"]
    assert not FailedDelivery.objects.exists()


def test_a_subscription_with_too_many_given_up_is_suspended(stepped: Stepped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "MAX_GIVEN_UP", 3)
    standing = a_standing(an_owner())
    stepped.destinations.always[ONE] = TOO_LARGE
    stepped.step()
    emit(*"abcde")
    stepped.step()
    standing.refresh_from_db()
    assert (standing.state, len(stepped.destinations.got)) == ("suspended", 3)


def test_nobody_is_told_for_ever_that_telling_has_failed(stepped: Stepped) -> None:
    owner = an_owner()
    for url in (ONE, OTHER):
        a_standing(owner, url, event_types=[STATUS, "delivery_given_up", "destination_suspended"])
        stepped.destinations.always[url] = TOO_LARGE
    stepped.step()
    emit("first")
    for _ in range(5):
        stepped.step()
        placing.place()
    assert Event.objects.filter(type="delivery_given_up").count() == 2
    assert len(stepped.destinations.got) == 4  # each the event, and what was told of the other


def test_while_the_database_is_away_nothing_is_sent_and_nothing_is_lost(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.destinations.answers[ONE] = deque([AGAIN])
    stepped.step()
    emit("first")
    stepped.step()
    tries = len(stepped.destinations.got)
    stepped.now += MINUTE  # since the last poll that was answered
    stepped.wake()
    assert len(stepped.destinations.got) == tries
    stepped.step()
    assert stepped.destinations.names() == ["first"]


def test_a_read_that_fails_is_no_attempt_and_is_made_again(stepped: Stepped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "READ_AGAIN_S", 0.0)
    monkeypatch.setattr(deliveries, "READ_AGAIN_S", 0.0)
    page, event, failures = stepped.loop.page, stepped.loop.event, iter([True, False, True, False, False])

    async def page_or_not(*asked: Any) -> Any:
        if next(failures):
            raise OperationalError("the server is away")
        return await page(*asked)

    async def event_or_not(*asked: Any) -> Any:
        if next(failures):
            raise OperationalError("the server is away")
        return await event(*asked)

    monkeypatch.setattr(stepped.loop, "page", page_or_not)
    monkeypatch.setattr(stepped.loop, "event", event_or_not)
    standing = a_standing(an_owner())
    stepped.step()
    emit("first", "second")
    stepped.step()
    operations.replay(standing, f"{reading.head().epoch}-0")
    stepped.destinations.answers[ONE] = deque([AGAIN])
    stepped.step()  # behind: the log is read, at the second try
    stepped.step(MINUTE)  # what has failed is read again, at the second try
    stepped.step(MINUTE)
    assert stepped.destinations.names() == ["first", "second", "first", "second"]
    assert stepped.destinations.tries("first") == 3
    assert not FailedDelivery.objects.exists()


def test_a_process_that_has_lost_the_lease_writes_nothing(stepped: Stepped) -> None:
    a_standing(an_owner())
    stepped.step()
    emit("first")
    stepped.deliver()
    DeliveryLease.objects.update(epoch=77)
    with pytest.raises(LeaseLost):
        stepped.loop.run(stepped.leader.write_once())
    assert row().position == 0


@pytest.mark.parametrize("format", ["event", "cloudevents"])
def test_the_id_of_a_message_is_the_events_at_every_attempt(stepped: Stepped, format: str) -> None:
    a_standing(an_owner(), format=format)
    stepped.destinations.answers[ONE] = deque([AGAIN])
    stepped.step()
    emit("first")
    stepped.step()
    stepped.step(MINUTE)
    first, second = (body for _, body in stepped.destinations.got)
    assert first == second
    assert first["id"] == f"{reading.head().epoch}-1"
    assert first.get("specversion") == (None if format == "event" else "1.0")
