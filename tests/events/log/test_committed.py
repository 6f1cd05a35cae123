"""Once an event is committed, nothing that follows may look as if it had failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError

from events import ingest
from events.broadcast import Broadcast, abroadcast_event, broadcast_event, broadcast_events
from events.log import append, idempotency, placing, reading
from events.log import records as log
from events.models import Category, Event, EventType
from events.notify import doorbell
from events.notify.committed import after_commit

pytestmark = pytest.mark.django_db(transaction=True)


class Failing:
    """A callable without a name."""

    def __call__(self, *_: object, **__: object) -> None:
        raise RuntimeError("no thread can be started")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as a warning or worse, which must have no traceback."""
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not any(record.exc_info for record in records)
    return [record.getMessage() for record in records]


@pytest.mark.parametrize("callback", [Failing(), partial(Failing()), lambda: Failing()()])
def test_what_fails_after_a_commit_is_one_line_and_reaches_nobody(
    callback: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    after_commit("Ringing", callback)
    with transaction.atomic():
        after_commit("Ringing", callback)
    assert said(caplog) == ["Ringing failed after a commit: RuntimeError('no thread can be started')"] * 2


def test_nothing_follows_a_transaction_that_is_rolled_back() -> None:
    followed: list[int] = []
    with transaction.atomic():
        after_commit("Counting", followed.append, 1)
        transaction.set_rollback(True)
    assert followed == []


def test_who_commits_by_hand_is_refused_and_loses_nothing_of_the_transaction() -> None:
    connection.set_autocommit(False)
    try:
        Category.objects.create(id="mine", label="Mine")
        with pytest.raises(TransactionManagementError, match=r"inside transaction\.atomic"):
            broadcast_event("user_login", {})
        with transaction.atomic():
            broadcast_event("user_login", {})
        connection.commit()
    finally:
        connection.set_autocommit(True)
    assert Category.objects.filter(pk="mine").exists()
    assert [event.position for event in Event.objects.all()] == [1]


@pytest.mark.parametrize("retention", [None, 0], ids=["logged", "ephemeral"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_broadcast_has_succeeded_though_the_doorbell_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, retention: int | None, key: str | None
) -> None:
    EventType.objects.filter(pk="user_login").update(retention_days=retention)
    monkeypatch.setattr(doorbell, "ring", Failing())
    monkeypatch.setattr(doorbell, "send", Failing())
    assert broadcast_event("user_login", {"n": 1}, idempotency_key=key)
    assert len(broadcast_events([Broadcast("user_login", {"n": n}) for n in range(2)])) == 2
    with transaction.atomic():
        broadcast_event("user_login", {"n": 2})
    assert Event.objects.count() == (4 if retention is None else 0)
    assert said(caplog)


async def test_an_async_broadcast_has_succeeded_though_the_doorbell_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", Failing())
    assert (await abroadcast_event("user_login", {"n": 1})).position == 1


def locked(*_: object, **__: object) -> Any:
    raise OperationalError("canceling statement due to lock timeout")


def test_events_that_cannot_be_placed_on_commit_are_told_of_in_one_line_and_placed_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(placing, "place", locked)
        with transaction.atomic():
            broadcast_event("user_login", {"n": 1})
    assert said(caplog) == [placing.NOT_PLACED % "canceling statement due to lock timeout"]
    assert Event.objects.get().position is None
    assert placing.place() == 1


def test_once_an_event_is_logged_nothing_more_is_asked_of_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that needs one more query can fail, and whoever tries again then has it logged twice."""

    def and_then_the_database_is_gone(events: Any, **options: Any) -> list[Event]:
        logged = broadcast_events(events, **options)
        monkeypatch.setattr(reading, "head", locked)
        monkeypatch.setattr(reading, "epoch", locked)
        return logged

    monkeypatch.setattr(ingest, "broadcast_events", and_then_the_database_is_gone)
    [receipt] = ingest.emit([Broadcast("user_login", {"n": 1})])
    assert receipt.id
    assert receipt.id.endswith("-1")


def test_an_event_with_a_key_is_placed_in_the_transaction_of_its_key_or_waited_for() -> None:
    draft = log.Draft("user_login", "info", broadcast_event("user_login", {}).timestamp, "", "{}")
    key = idempotency.key_of("me", "k", "user_login", {})
    [event] = idempotency.once([draft], [key], partial(append.append, transaction_is_ours=True), wait=False)
    assert event.position == 2
