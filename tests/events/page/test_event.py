"""The page of one event: its own address, what it shows, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import EventType
from tests.events.callers import person, problem
from tests.events.log_rows import NOON, happened, happened_at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unhashed_static_files")]

STATUS, CIRCUIT, CHECK = "mcp_status_change", "circuit_breaker_state", "mcp_health_check"


@pytest.fixture
def ada() -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ada"))
    return client


def page_of(client: Client, id: str) -> str:
    answer = client.get(f"/events/e/{id}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_event_has_a_page_with_its_payload_digit_by_digit_and_links_that_narrow(ada: Client) -> None:
    (id,) = happened(STATUS, {"mcp_name": "oracle", "new_status": "active", "ticket": "42", "ms": 1.50, "all": [1]})
    page = page_of(ada, id)
    assert "<bdi>oracle</bdi> went <bdi>active</bdi>" in page
    assert '/events?is.mcp_name=oracle"' in page
    assert '/events?not.mcp_name=oracle"' in page
    assert "/events?is.ticket=%2242%22" in page  # a text, and no number
    assert "is.all" not in page


def test_what_one_may_not_see_is_as_what_there_is_not(ada: Client) -> None:
    (id,) = happened(STATUS, {"mcp_name": "oracle"})
    EventType.objects.filter(pk=STATUS).update(restricted=True)
    for unseen in (id, f"{id}99", "nonsense", "0123456789abcdef-1"):
        answer = ada.get(f"/events/e/{unseen}")
        assert answer.status_code == 404
        assert b"oracle" not in answer.content
    assert Client().get(f"/events/e/{id}")["Location"].startswith("/login/")


def test_around_it_is_what_happened_to_the_same_subject_in_all_types_that_one_may_see(ada: Client) -> None:
    minute = timedelta(minutes=1)
    happened_at(CHECK, [(NOON - 60 * minute, {"mcp_name": "oracle"}), (NOON - minute, {"mcp_name": "Oracle"})])
    happened_at(CHECK, [(NOON - minute, {"mcp_name": "oracle_2"})])
    (id,) = happened_at(STATUS, [(NOON, {"mcp_name": "oracle"})])
    happened_at(CIRCUIT, [(NOON + minute, {"mcp_name": "oracle", "state": "open"})])
    caller = person("bob")
    told = caller.get(f"/api/v1/events/{id}/around").json()
    assert told["subject"] == "oracle"
    assert [each["type"] for each in told["events"]] == [CHECK, CIRCUIT]
    assert "circuit is" in page_of(ada, id)
    EventType.objects.filter(pk=CIRCUIT).update(restricted=True)
    assert [each["type"] for each in caller.get(f"/api/v1/events/{id}/around").json()["events"]] == [CHECK]
    assert "circuit is" not in page_of(ada, id)


def test_a_type_without_a_subject_has_nothing_around_it() -> None:
    caller = person("bob")
    EventType.objects.filter(pk=STATUS).update(subject="")
    (id, _) = happened(STATUS, {"mcp_name": "oracle"}, {"mcp_name": "oracle"})
    assert caller.get(f"/api/v1/events/{id}/around").json() == {"subject": None, "events": []}
    problem(caller.get("/api/v1/events/0123456789abcdef-1/around"), 404, "not_found")
