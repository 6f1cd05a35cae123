"""One monitor leads; one that no longer does writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from events.leadership.lease import TTL, LeaseLost
from events.mcp import record
from events.mcp.models import McpServerState, McpTransition, MonitorLease
from events.models import Event
from tests.mcp.outcomes import DOWN, NOW, a_server, results

pytestmark = pytest.mark.django_db

LONG = timedelta(hours=1)
OVER = timedelta(seconds=-1)


def take(holder: str, ttl: timedelta = LONG) -> int:
    epoch = MonitorLease.take(holder, ttl)
    assert epoch is not None
    return epoch


def test_only_one_monitor_gets_the_lease() -> None:
    take("first")
    assert MonitorLease.take("second") is None
    assert MonitorLease.objects.get().holder == "first"


def test_a_lease_that_was_not_renewed_is_taken_over_in_a_new_epoch() -> None:
    first = take("first", OVER)
    assert take("second") > first
    with pytest.raises(LeaseLost):
        MonitorLease.renew(first)


def test_who_leads_after_a_standby_was_promoted_is_not_taken_for_the_one_who_led_before() -> None:
    """The standby that knows nothing of the first leader is the row as it was before."""
    before = MonitorLease.objects.values().get()
    lost = take("first", OVER)
    MonitorLease.objects.update(**before)
    take("second")
    with pytest.raises(LeaseLost):
        MonitorLease.renew(lost)


def test_a_lease_that_is_renewed_or_that_nobody_has_taken_yet_stays() -> None:
    epoch = take("first", OVER)
    MonitorLease.renew(epoch, LONG)
    assert MonitorLease.take("second") is None


def test_a_lease_that_is_given_back_is_free_at_once() -> None:
    MonitorLease.give_back(take("first"))
    assert not MonitorLease.is_held()
    take("second")
    assert MonitorLease.is_held()


def test_giving_back_a_lost_lease_does_not_free_the_present_one() -> None:
    lost = take("first", OVER)
    take("second")
    MonitorLease.give_back(lost)
    assert MonitorLease.is_held()


def test_the_lease_ends_by_the_clock_of_the_database_whatever_the_monitors_clock_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take("first")
    monkeypatch.setattr("time.time", lambda: NOW + 10**6)
    monkeypatch.setattr("django.utils.timezone.now", lambda: pytest.fail("the monitor's own clock was asked"))
    assert MonitorLease.take("second") is None
    MonitorLease.objects.update(expires_at=Now() - timedelta(milliseconds=100))
    assert MonitorLease.take("second") is not None


def test_a_lease_of_a_clock_that_was_ahead_is_void() -> None:
    """The machine's clock was a day ahead when the leader renewed it, and was killed."""
    first = take("first", TTL)
    assert MonitorLease.is_held()
    MonitorLease.objects.update(expires_at=Now() + timedelta(days=1))
    assert not MonitorLease.is_held()
    assert take("second", TTL) > first
    with pytest.raises(LeaseLost):
        MonitorLease.renew(first)


def test_a_clock_that_is_set_back_by_a_moment_changes_no_leader() -> None:
    take("first", TTL)
    MonitorLease.objects.update(expires_at=Now() + TTL + timedelta(milliseconds=500))
    assert MonitorLease.is_held()
    assert MonitorLease.take("second") is None


def test_a_monitor_that_lost_its_lease_writes_neither_state_nor_history_nor_events() -> None:
    server = a_server(fall=1, failure_threshold=1)
    lost = take("first", OVER)
    take("second")
    with pytest.raises(LeaseLost):
        record.record(results([server], DOWN, NOW), epoch=lost, every_check=True)
    state = McpServerState.objects.get()
    assert (state.health_status, state.last_checked_at) == ("unknown", None)
    assert not McpTransition.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("comes_back_by", ["take", "lock"])
def test_a_row_that_was_lost_comes_back_and_who_led_until_then_leads_no_more(comes_back_by: str) -> None:
    epoch = take("first")
    MonitorLease.objects.all().delete()
    with pytest.raises(LeaseLost):
        MonitorLease.renew(epoch)
    if comes_back_by == "lock":
        MonitorLease.lock()
    assert take("second") != epoch
    with pytest.raises(LeaseLost):
        MonitorLease.lock(epoch)
