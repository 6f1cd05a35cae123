"""Counting what has happened, by time and severity, within what somebody may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from events.log import search as history
from events.models import EventType
from tests.events.callers import person, problem
from tests.events.log_rows import NOON, happened_at

pytestmark = pytest.mark.django_db

COUNTS = "/api/v1/events/counts"
STATUS = "mcp_status_change"


@pytest.fixture
def ada() -> Client:
    return person("ada")


def asked(client: Client, **parameters: str | int) -> dict[str, Any]:
    answer = client.get(COUNTS, parameters)
    assert answer.status_code == 200, answer.content
    counts: dict[str, Any] = answer.json()
    return counts


def at(minutes: float) -> str:
    return (NOON + timedelta(minutes=minutes)).isoformat()


def test_events_are_counted_in_equal_parts_by_severity_and_filter(ada: Client) -> None:
    for minute, severity in ((0, "info"), (1, "error"), (2, "info"), (2.5, "info"), (4, "critical")):
        happened_at(STATUS, [(NOON + timedelta(minutes=minute), {"mcp_name": "a", "severity": severity})])
    counts = asked(ada, event_type=STATUS, since=at(0), until=at(4), parts=2)
    # “until” names its whole second, in which the last one happened; so the halves meet half a second after two minutes
    assert counts["parts"] == [{"info": 2, "error": 1}, {"info": 1, "critical": 1}]
    assert counts["complete"] is True
    assert asked(ada, since=at(0), until=at(4), **{"filter.severity": "error"})["parts"] == [{"error": 1}]
    assert asked(ada, since=at(0), until=at(4), severity="info")["parts"] == [{"info": 3}]


def test_nothing_is_counted_that_one_may_not_see(ada: Client) -> None:
    happened_at(STATUS, [(NOON, {"mcp_name": "a", "severity": "info"})])
    EventType.objects.filter(pk=STATUS).update(restricted=True)
    assert asked(ada, since=at(-1), until=at(1))["parts"] == [{}]
    problem(ada.get(COUNTS, {"event_type": STATUS}), 422, "unknown_event_type")


def test_a_count_that_takes_too_long_says_how_far_it_got(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for minute in (0, 1):
        happened_at(STATUS, [(NOON + timedelta(minutes=minute), {"mcp_name": "a", "severity": "info"})])
    monkeypatch.setattr(history, "SECONDS", 0)
    counts = asked(ada, since=at(0), until=at(4))
    assert counts["complete"] is False
    assert counts["looked_back_to"] == "2026-01-31T12:01:00.000Z"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"parts": "0"}, "240"),
        ({"parts": "many"}, "240"),
        ({"since": "9000-01-01"}, "future"),
        ({"part": "1"}, "“parts”"),
        ({"since": "yesterday"}, "ISO 8601"),
    ],
)
def test_bad_parameters_are_named_with_what_is_allowed(ada: Client, parameters: dict[str, str], named: str) -> None:
    assert named in problem(ada.get(COUNTS, parameters), 400, "invalid_message")["detail"]
