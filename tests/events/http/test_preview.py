"""Preview: what a subscription would bring, before one makes it."""

from __future__ import annotations

import itertools
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from events.log import search
from events.models import EventType
from tests.events.callers import person, problem
from tests.events.log_rows import SECOND, happened

pytestmark = pytest.mark.django_db

PREVIEW = "/api/v1/events/preview"
STATUS, CIRCUIT = "mcp_status_change", "circuit_breaker_state"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ada() -> Client:
    return person("ada")


def preview(client: Client, query: str = "") -> dict[str, Any]:
    response = client.get(f"{PREVIEW}?{query}")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def test_an_empty_log_has_nothing_to_show(ada: Client) -> None:
    assert preview(ada) == {"looked_at": 0, "matched": 0, "per_minute": 0, "samples": []}


def test_it_counts_what_matches_and_shows_the_newest_three(ada: Client) -> None:
    logged = happened(STATUS, *[{"mcp_name": "ab"[place % 2]} for place in range(10)])
    happened(CIRCUIT, {"mcp_name": "b"})
    found = preview(ada, f"event_type={STATUS}&filter.mcp_names=b")
    assert (found["looked_at"], found["matched"]) == (10, 5)
    assert [event["id"] for event in found["samples"]] == [logged[9], logged[7], logged[5]]
    assert found["samples"][0]["data"] == {"mcp_name": "b", "severity": "info"}
    assert found["samples"][0].keys() == {"type", "id", "timestamp", "data"}


def test_a_severity_selects_among_what_is_looked_at(ada: Client) -> None:
    happened(STATUS, {"severity": "error"}, {}, {}, {"severity": "critical"})
    found = preview(ada, "severity=error&severity=critical")
    assert (found["looked_at"], found["matched"]) == (4, 2)


def test_it_looks_at_fewer_events_where_each_takes_long(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    happened(STATUS, *[{"mcp_name": "old"}] * 10)
    clock = itertools.count()
    monkeypatch.setattr(search, "time", SimpleNamespace(monotonic=lambda: next(clock) * search.SECONDS / 3))
    found = preview(ada, f"event_type={STATUS}&since=2020-01-01&until=2026-01-31T12:00:10Z")
    assert (found["looked_at"], found["matched"]) == (3, 3)
    assert found["per_minute"] == 3  # of the time that it has looked at


def test_it_looks_at_the_newest_events_of_the_chosen_types(ada: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PREVIEWED", 5)
    happened(STATUS, *[{"mcp_name": "old"}] * 10)
    happened(STATUS, *[{"mcp_name": "new"}] * 5)
    happened(CIRCUIT, *[{}] * 10)
    assert preview(ada, f"event_type={STATUS}&filter.mcp_names=old")["matched"] == 0
    assert preview(ada, f"event_type={STATUS}&filter.mcp_names=new")["matched"] == 5


def test_the_rate_is_of_the_time_from_the_oldest_event_until_now(ada: Client) -> None:
    payloads = [{"mcp_name": "ab"[place % 2]} for place in range(20)]
    happened(STATUS, *payloads, first=timezone.now() - 10 * MINUTE, apart=SECOND)
    assert preview(ada)["per_minute"] == pytest.approx(2, rel=0.05)
    assert preview(ada, "filter.mcp_names=a")["per_minute"] == pytest.approx(1, rel=0.05)


def test_the_rate_is_of_the_time_that_is_asked_for(ada: Client) -> None:
    happened(STATUS, *[{}] * 60, apart=2 * SECOND)
    assert preview(ada, "since=2026-01-31T12:00&until=2026-01-31T12:02")["per_minute"] == pytest.approx(30, rel=0.01)
    assert preview(ada, "since=2026-01-31T11:56&until=2026-01-31T12:01")["looked_at"] == 31
    assert preview(ada, "since=2026-01-31T11:56&until=2026-01-31T12:01")["per_minute"] == pytest.approx(6.2, rel=0.01)


def test_a_few_events_of_this_moment_are_not_a_flood(ada: Client) -> None:
    happened(STATUS, {}, {}, {}, first=timezone.now() - 3 * SECOND)
    assert preview(ada)["per_minute"] == 3


def test_a_user_outside_auditors_learns_nothing_of_audit_types(ada: Client) -> None:
    happened("login_failed", {})
    assert preview(ada)["looked_at"] == 0
    problem(ada.get(PREVIEW, {"event_type": "login_failed"}), 422, "unknown_event_type")
    assert preview(person("eva", groups=("auditors",)))["looked_at"] == 1


def test_events_of_a_type_that_is_not_active_are_not_counted(ada: Client) -> None:
    happened(STATUS, {})
    status = EventType.objects.get(pk=STATUS)
    status.is_active = False
    status.save()
    assert preview(ada)["looked_at"] == 0


def test_without_credentials_it_is_refused() -> None:
    problem(Client().get(PREVIEW), 401, "unauthorized")


@pytest.mark.parametrize("parameter", ["limit", "cursor", "nonsense"])
def test_a_parameter_that_it_has_not_is_named_with_those_it_has(ada: Client, parameter: str) -> None:
    detail = problem(ada.get(PREVIEW, {parameter: "1"}), 400, "invalid_message")["detail"]
    assert parameter in detail.partition(";")[0]
    assert detail.endswith("allowed: event_type, filter.<name>, severity, since, until, q, is.<member>, not.<member>.")
