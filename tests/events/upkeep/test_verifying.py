"""`verify_log` finds what a log must not have, and nothing in one that is as it should be."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from events.broadcast import broadcast_event
from events.models import Event, EventType, LogHead, LogSpan
from events.models import event as event_model
from events.upkeep import verifying

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def log(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of twelve events, in two full spans and a part, which is looked at in small steps."""
    monkeypatch.setattr(event_model, "SPAN", 5)
    monkeypatch.setattr(verifying, "AT_ONCE", 4)
    for number in range(12):
        broadcast_event("user_login", {"number": number})


def verify() -> list[str]:
    out = StringIO()
    call_command("verify_log", stdout=out)
    return out.getvalue().splitlines()


def found() -> str:
    faults = list(verifying.faults())
    with pytest.raises(CommandError, match=f"{len(faults)} found"):
        verify()
    assert len(faults) == 1, faults
    return faults[0]


def test_a_log_that_is_whole_has_no_fault() -> None:
    (line,) = verify()
    assert line.startswith("No hole among the positions 1 to 12 of epoch ")
    EventType.objects.filter(pk="user_login").update(pruned_to=12)
    Event.objects.all().delete()
    LogSpan.objects.all().delete()
    (line,) = verify()
    assert line.startswith("No hole: the log has no event, ")


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (3, 6), (12, 12)])
def test_a_hole_is_found_wherever_it_is(first: int, last: int) -> None:
    Event.objects.filter(position__range=(first, last)).delete()
    assert f"No event has the positions {first} to {last}:" in found()


def test_what_retention_has_deleted_is_no_hole_but_what_is_missing_after_it_is() -> None:
    Event.objects.filter(position__in=[2, 3]).delete()
    EventType.objects.filter(pk="user_login").update(pruned_to=3)
    assert "positions 4 to 12" in verify()[0]
    Event.objects.filter(position=8).delete()
    assert "positions 8 to 8: 1 event was" in found()


def test_a_head_that_went_back_is_found() -> None:
    LogSpan.objects.filter(last__gt=9).delete()
    LogHead.objects.update(position=9)
    assert found() == "3 events have positions after the head 9: run manage.py new_epoch."


def test_an_epoch_that_is_none_is_found() -> None:
    LogHead.objects.update(epoch="old")
    assert "'old'" in found()


def test_events_that_nobody_places_are_found() -> None:
    Event.objects.filter(position=12).update(position=None, timestamp=timezone.now() - timedelta(minutes=1))
    LogHead.objects.update(position=11)
    assert "1 events have had no position" in found()


def test_a_span_whose_times_are_wrong_is_found() -> None:
    LogSpan.objects.filter(first=6).update(latest=timezone.now() - timedelta(days=1))
    assert "Span 6 to 10 is wrong" in found()
