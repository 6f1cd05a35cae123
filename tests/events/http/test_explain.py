"""Explain: why an event is, or is not, what somebody asks for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from events.models import EventType
from tests.cases import each_case
from tests.events.callers import person, problem
from tests.events.log_rows import happened

pytestmark = pytest.mark.django_db

STATUS, CIRCUIT = "mcp_status_change", "circuit_breaker_state"


@pytest.fixture
def ada() -> Client:
    return person("ada")


def path(id: str) -> str:
    return f"/api/v1/events/{id}/explain"


def explain(client: Client, id: str, query: str = "") -> dict[str, Any]:
    response = client.get(f"{path(id)}?{query}")
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def test_each_condition_is_told_with_what_the_event_has(ada: Client) -> None:
    [event] = happened(STATUS, {"mcp_name": "oracle_mcp", "severity": "info"})
    query = "filter.mcp_names=Oracle_MCP&filter.mcp_names=b&filter.severity=error"
    assert explain(ada, event, query) == {
        "matches": False,
        "conditions": [
            {"filter": "mcp_names", "operator": "in", "member": "mcp_name", "wanted": ["Oracle_MCP", "b"],
             "actual": "oracle_mcp", "matched": True},
            {"filter": "severity", "operator": "in", "member": "severity", "wanted": ["error"],
             "actual": "info", "matched": False},
        ],
    }  # fmt: skip


def test_an_event_that_is_asked_for_matches(ada: Client) -> None:
    [event] = happened(STATUS, {"mcp_name": "a"})
    assert explain(ada, event, "filter.mcp_names=a")["matches"]
    assert explain(ada, event) == {"matches": True, "conditions": []}
    assert explain(ada, event, "filter.mcp_names=") == {"matches": True, "conditions": []}


def test_a_member_that_the_event_has_not_is_null(ada: Client) -> None:
    [event] = happened("mcp_auto_disabled", {"mcp_name": "a"})
    assert explain(ada, event, "filter.min_failure_cycles=3") == {
        "matches": False,
        "conditions": [
            {"filter": "min_failure_cycles", "operator": "gte", "member": "failure_cycles", "wanted": ["3"],
             "actual": None, "matched": False},
        ],
    }  # fmt: skip


def test_a_list_and_an_object_are_told_as_they_are(ada: Client) -> None:
    listed, nested = happened("user_action", {"user_roles": ["dba", "staff"]}, {"user_roles": {"a": 1}})
    assert explain(ada, listed, "filter.user_roles=staff")["conditions"][0]["actual"] == ["dba", "staff"]
    assert explain(ada, nested, "filter.user_roles=staff")["conditions"][0]["actual"] == {"a": 1}


def test_the_choice_of_event_types_is_a_condition(ada: Client) -> None:
    [event] = happened(STATUS, {"mcp_name": "a"})
    of_type = {"filter": "event_type", "operator": "in", "member": "type", "actual": STATUS}
    chosen = explain(ada, event, f"event_type={STATUS}&event_type={CIRCUIT}&filter.mcp_names=a")
    assert chosen["matches"]
    assert chosen["conditions"][0] == {**of_type, "wanted": [STATUS, CIRCUIT], "matched": True}
    another = explain(ada, event, f"event_type={CIRCUIT}&filter.mcp_names=a")
    assert another == {"matches": False, "conditions": [{**of_type, "wanted": [CIRCUIT], "matched": False}]}


def test_a_filter_that_its_type_has_not_leaves_the_event_out(ada: Client) -> None:
    [event] = happened("user_login", {})
    told = explain(ada, event, "filter.mcp_names=a")
    assert not told["matches"]
    assert [each["filter"] for each in told["conditions"]] == ["event_type"]
    assert "user_login" not in told["conditions"][0]["wanted"]


def test_a_value_that_is_possible_only_for_another_type_does_not_match(ada: Client) -> None:
    [event] = happened(CIRCUIT, {"severity": "error"})
    told = explain(ada, event, f"event_type={CIRCUIT}&event_type={STATUS}&filter.severity=critical")
    assert told["conditions"][1] == {
        "filter": "severity", "operator": "in", "member": "severity", "wanted": ["critical"],
        "actual": "error", "matched": False,
    }  # fmt: skip


def test_an_event_that_may_not_be_seen_is_answered_like_one_that_is_not_there(ada: Client) -> None:
    [hidden] = happened("login_failed", {})
    epoch = hidden.partition("-")[0]
    missing = f"{epoch}-99"
    told = [problem(ada.get(path(id)), 404, "not_found")["detail"].replace(id, "…") for id in (hidden, missing)]
    assert told[0] == told[1]
    assert explain(person("eva", groups=("auditors",)), hidden)["matches"]


def test_an_event_of_a_type_that_is_not_active_is_not_there(ada: Client) -> None:
    [event] = happened(STATUS, {})
    status = EventType.objects.get(pk=STATUS)
    status.is_active = False
    status.save()
    problem(ada.get(path(event)), 404, "not_found")


@each_case("id", ["1", "nonsense", "0123456789abcdef-1", "{epoch}-0", "{epoch}-01", "{epoch}-" + "9" * 40])
def test_what_is_no_event_is_not_found(ada: Client, id: str) -> None:
    [event] = happened(STATUS, {})
    problem(ada.get(path(id.format(epoch=event.partition("-")[0]))), 404, "not_found")


def test_what_is_wrong_is_named_with_what_is_allowed(ada: Client) -> None:
    [event] = happened(STATUS, {})
    detail = problem(ada.get(f"{path(event)}?severity=error"), 400, "invalid_message")["detail"]
    assert detail == "severity: no such parameter; allowed: event_type, filter.<name>."
    assert "mcp_names" in problem(ada.get(f"{path(event)}?filter.nonsense=1"), 422, "unknown_filter")["detail"]
    assert "critical" in problem(ada.get(f"{path(event)}?filter.severity=fatal"), 422, "invalid_filter")["detail"]


def test_without_credentials_it_is_refused() -> None:
    problem(Client().get(path("1")), 401, "unauthorized")
