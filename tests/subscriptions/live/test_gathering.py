"""Events that come right after each other are written together; one that comes by itself is not delayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from events.core.records import LoggedEvent
from events.notify.signed_batch import PlacedEvents, signed
from subscriptions.channel_layer.inbox import Inbox
from subscriptions.live import gathering
from subscriptions.live.gathering import Gathering
from tests.waiting import WITHIN_S

EPOCH = "e" * 16
NOW = datetime.now(UTC)
LATER = timedelta(seconds=gathering.RIGHT_AFTER_S / 2)


def event(position: int, timestamp: datetime) -> LoggedEvent:
    return LoggedEvent(position, "user_login", timestamp, "{}")


def hear(inbox: Inbox, position: int, timestamp: datetime) -> None:
    assert inbox.put(signed(PlacedEvents(EPOCH, [event(position, timestamp)])), EPOCH, 1)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch, inbox: Inbox) -> Gathering:
    """One that has just dispatched an event of now and pauses for long; while it waits, two more events come."""
    monkeypatch.setattr(gathering, "MAX_PAUSE_S", WITHIN_S)

    async def sleep(seconds: float) -> None:
        if len(inbox) < 3:
            hear(inbox, 2 + len(inbox), NOW + LATER)

    monkeypatch.setattr(gathering, "sleep", sleep)
    waiting = Gathering()
    waiting.dispatched(event(1, NOW), monotonic() - WITHIN_S)
    return waiting


async def test_an_event_right_after_another_waits_as_long_as_more_come(waiting: Gathering, inbox: Inbox) -> None:
    hear(inbox, 2, NOW + LATER)
    await waiting.wait(inbox)
    assert len(inbox) == 3


async def test_an_event_that_comes_by_itself_does_not_wait(waiting: Gathering, inbox: Inbox) -> None:
    hear(inbox, 2, NOW + 3 * LATER)
    await waiting.wait(inbox)
    assert len(inbox) == 1


async def test_nothing_waits_when_nothing_has_come(waiting: Gathering, inbox: Inbox) -> None:
    await waiting.wait(inbox)
    assert len(inbox) == 0


async def test_nothing_waits_longer_than_writing_the_events_before_took(waiting: Gathering, inbox: Inbox) -> None:
    waiting.dispatched(event(1, NOW), began=monotonic() + WITHIN_S)  # a pause that is over already
    hear(inbox, 2, NOW + LATER)
    await waiting.wait(inbox)
    assert len(inbox) == 1
