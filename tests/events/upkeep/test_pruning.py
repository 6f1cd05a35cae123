"""Nobody need think of retention: the monitor deletes daily, and a new installation keeps nothing for ever."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO
from threading import Event as Flag

import pytest
from django.core.management import call_command
from django.utils import timezone

from eventhub.local.retention import DAYS, DAYS_OF_AUDIT, begin_retention
from events.broadcast import broadcast_event
from events.models import Event, EventType, LogHead, Revision
from events.upkeep import pruning

pytestmark = pytest.mark.django_db(transaction=True)


def logged(event_type: str, days: float) -> None:
    """Log an event of this age."""
    event = broadcast_event(event_type, {})
    Event.objects.filter(pk=event.pk).update(timestamp=timezone.now() - timedelta(days=days))


def kept() -> int:
    return Event.objects.count()


@pytest.fixture(autouse=True)
def _connections_of_the_test_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.upkeep.pruning.connections.close_all", lambda: None)


def test_it_prunes_once_a_day_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    EventType.objects.update(retention_days=90)
    logged("user_login", 91)
    pruning.prune_daily(Flag())
    assert kept() == 0
    logged("user_login", 91)
    pruning.prune_daily(Flag())
    assert kept() == 1  # it ran a moment ago
    tomorrow = timezone.now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    pruning.prune_daily(Flag())
    assert kept() == 0


def test_what_is_old_by_a_wrong_clock_alone_stays_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    EventType.objects.update(retention_days=90)
    logged("user_login", 0)
    in_a_year = timezone.now() + timedelta(days=365)
    monkeypatch.setattr(timezone, "now", lambda: in_a_year)
    pruning.prune_daily(Flag())
    assert kept() == 1
    assert "clock" in caplog.text


def test_a_monitor_that_ends_stops_after_a_chunk() -> None:
    EventType.objects.update(retention_days=90)
    for _ in range(3):
        logged("user_login", 91)
    stopping = Flag()
    stopping.set()
    pruning.prune_daily(stopping, chunk=1)
    assert kept() == 2


def test_a_new_installation_keeps_nothing_for_ever() -> None:
    EventType.objects.filter(pk="health_check").update(retention_days=7)
    before = Revision.current().registry
    assert begin_retention()
    found = dict(EventType.objects.values_list("id", "retention_days"))
    audit = set(EventType.objects.filter(category="audit").values_list("id", flat=True))
    assert {days for id, days in found.items() if id in audit} == {DAYS_OF_AUDIT}
    assert {days for id, days in found.items() if id not in audit and id != "health_check"} == {DAYS}
    assert Revision.current().registry == before + 1


def test_an_installation_that_has_events_is_left_as_it_is() -> None:
    broadcast_event("user_login", {})
    before = dict(EventType.objects.values_list("id", "retention_days"))
    assert not begin_retention()
    assert dict(EventType.objects.values_list("id", "retention_days")) == before


def log_size(*arguments: str) -> str:
    out = StringIO()
    call_command("log_size", *arguments, stdout=out)
    return out.getvalue()


def test_the_size_of_the_log_and_its_growth_are_told() -> None:
    for days in (20, 3, 2, 1):
        logged("user_login", days)
    told = json.loads(log_size("--json"))
    assert (told["bytes"] > 0, told["pruned_at"]) == (True, None)
    # What PostgreSQL estimates is of the last time that it looked.
    assert told["events_per_day"] == round(3 / 7)
    assert datetime.fromisoformat(told["oldest"]) < timezone.now() - timedelta(days=19)
    LogHead.objects.update(pruned_at=timezone.now())
    words = log_size()
    assert "MB a day" in words
    assert "never" not in words
    assert "user_login: kept" in words


def test_the_size_of_an_empty_log_is_told_too() -> None:
    assert "no event yet" in log_size()
