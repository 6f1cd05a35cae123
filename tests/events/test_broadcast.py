"""What may be broadcast, and how what may not is refused."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pytest_django import DjangoAssertNumQueries

from events import registry_cache
from events.broadcast import (
    Broadcast,
    InactiveEventType,
    InvalidData,
    UnknownEventType,
    abroadcast_event,
    broadcast_event,
    broadcast_events,
)
from events.models import Event, EventField, EventType, FieldOption
from events.validation import MAX_DATA
from tests.cases import each_case
from tests.servers import ROOT

pytestmark = pytest.mark.django_db


def refused(event_type: str, data: Any, **options: Any) -> list[tuple[str, str]]:
    """The problems for which an event is refused; nothing of it is logged."""
    with pytest.raises(InvalidData) as error:
        broadcast_event(event_type, data, **options)
    assert not Event.objects.exists()
    assert all(problem in str(error.value) for _, problem in error.value.problems)
    return [(field, problem) for field, problem in error.value.problems]


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for _ in range(depth - 1):
        data = {"in": data}
    return data


def test_an_event_keeps_what_was_given_and_the_time() -> None:
    before = datetime.now(UTC)
    data = {"mcp_name": "oracle_mcp", "new_status": "inactive", "severity": "error", "more": [1, 2.5, None, True, "é"]}
    event = broadcast_event("mcp_status_change", data, source="test")
    event.refresh_from_db()
    assert (event.type_id, event.severity, event.source, event.payload) == ("mcp_status_change", "error", "test", data)
    assert before <= event.timestamp <= datetime.now(UTC)


def test_an_event_without_a_severity_gets_the_lowest_of_its_type() -> None:
    data: dict[str, Any] = {"username": "ada"}
    assert broadcast_event("user_login", data).payload["severity"] == "info"
    assert broadcast_event("mcp_auto_disabled", {}).payload["severity"] == "critical"
    assert data == {"username": "ada"}  # the caller's own is left alone


def test_a_severity_that_the_type_does_not_have_is_refused() -> None:
    problem = '"critical" is not a severity of user_login; allowed: info'
    assert refused("user_login", {"severity": "critical"}) == [("data.severity", problem)]


@each_case("severity", ["", "INFO", None, 1, ["info"], {"info": 1}])
def test_a_severity_is_one_of_the_four_words(severity: object) -> None:
    assert refused("mcp_status_change", {"severity": severity})[0][0] == "data.severity"


@each_case("event_type", ["", "nowhere", "MCP_STATUS_CHANGE", 5, None, ["user_login"], {}])
def test_an_unknown_type_is_refused_with_the_types_that_there_are(event_type: Any) -> None:
    with pytest.raises(UnknownEventType, match=r"allowed: mcp_status_change, circuit_breaker_state") as error:
        broadcast_event(event_type, {})
    assert error.value.code == "unknown_event_type"


def test_a_slip_in_a_types_name_is_told() -> None:
    with pytest.raises(UnknownEventType, match="did you mean “mcp_status_change”"):
        broadcast_event("mcp_status_chnage", {})


def test_an_inactive_type_is_refused() -> None:
    EventType.objects.filter(pk="user_login").update(is_active=False)
    registry_cache.refresh()
    with pytest.raises(InactiveEventType, match="“user_login” is not active"):
        broadcast_event("user_login", {})


@each_case("data", [None, "text", 5, [], [("a", 1)], {1, 2}, object()])
def test_data_is_a_json_object(data: object) -> None:
    assert refused("user_login", data)[0][0] == "data"


def test_dates_decimals_and_the_like_become_what_json_can_say() -> None:
    @dataclass
    class Point:
        x: int

    moment = datetime(2025, 1, 29, 12, tzinfo=UTC)
    given = OrderedDict(
        when=moment, price=Decimal("1.10"), id=UUID(int=1), point=Point(1), pair=(1, 2), raw=b"\x00", number={5: 1}
    )
    payload = broadcast_event("user_login", given).payload
    assert payload == {
        "when": "2025-01-29T12:00:00Z",
        "price": "1.10",
        "id": "00000000-0000-0000-0000-000000000001",
        "point": {"x": 1},
        "pair": [1, 2],
        "raw": "AA==",
        "number": {"5": 1},
        "severity": "info",
    }


@each_case("value", [object(), lambda: 0, {"set": {object()}}, "\ud800", 1 + 2j])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    assert "cannot be written as JSON" in refused("user_login", {"value": value})[0][1]


@each_case("value", [math.nan, math.inf, [{"deep": -math.inf}], (math.nan,)])
def test_nan_and_infinity_are_refused(value: object) -> None:
    assert refused("user_login", {"value": value}) == [("data", "NaN and Infinity are not JSON numbers")]


def test_null_is_no_nan() -> None:
    assert broadcast_event("user_login", {"value": None, "text": "null"}).payload["value"] is None


def test_data_may_be_nested_32_deep_and_no_deeper() -> None:
    assert refused("user_login", nested(33)) == [("data", "nested deeper than 32 levels")]
    broadcast_event("user_login", nested(32))


def test_many_objects_side_by_side_are_not_deep() -> None:
    broadcast_event("user_login", {"list": [{} for _ in range(100)]})


def test_data_that_contains_itself_is_refused() -> None:
    data: dict[str, Any] = {}
    data["self"] = data
    assert refused("user_login", data) == [("data", "nested deeper than 32 levels")]


def test_data_may_have_64_kib_and_no_more() -> None:
    room = MAX_DATA - len('{"text":"","severity":"info"}')
    assert "65,537" in refused("user_login", {"text": "x" * (room + 1)})[0][1]
    broadcast_event("user_login", {"text": "x" * room})


def test_the_size_is_that_of_the_encoded_text() -> None:
    refused("user_login", {"text": "é" * (MAX_DATA // 2)})


@each_case("source", [5, None, "x" * 201, "a\0b", "a\ud800"])
def test_a_source_is_a_short_text_that_can_be_kept(source: object) -> None:
    [(field, problem)] = refused("user_login", {}, source=source)
    assert field == "source"
    assert problem.endswith("is no string of at most 200 characters without NUL and lone surrogates")


# --- the payload check -----------------------------------------------------------------------------------


@each_case(
    ("event_type", "data", "problem"),
    [
        ("mcp_status_change", {"new_status": "gone"}, '"gone" is not an option; allowed: active, inactive'),
        ("mcp_status_change", {"new_status": ["active", "gone"]}, '"gone" is not an option; allowed: active, inactive'),
        ("mcp_status_change", {"new_status": "Active"}, '"Active" is not an option; allowed: active, inactive'),
        ("mcp_status_change", {"new_status": {"is": "active"}}, "is neither a plain value nor a list of plain values"),
        ("mcp_status_change", {"mcp_name": [["oracle"]]}, "is neither a plain value nor a list of plain values"),
        ("mcp_auto_disabled", {"failure_cycles": "3"}, '"3" is not a number'),
        ("mcp_auto_disabled", {"failure_cycles": True}, "true is not a number"),
    ],
)
def test_declared_members_are_checked(event_type: str, data: dict[str, Any], problem: str) -> None:
    [(field, text)] = refused(event_type, data)
    assert field == f"data.{next(iter(data))}"
    assert problem in text


def test_all_that_is_wrong_with_a_payload_is_told_at_once() -> None:
    data = {"old_status": "here", "new_status": "gone"}
    assert [field for field, _ in refused("mcp_status_change", data)] == ["data.old_status", "data.new_status"]


@each_case(
    "data",
    [
        {},
        {"new_status": None},
        {"mcp_name": "registered_tomorrow"},
        {"new_status": ["active", "inactive"]},
        {"anything": {"else": [1, {"is": "free"}]}},
    ],
)
def test_missing_live_and_undeclared_members_are_free(data: dict[str, Any]) -> None:
    broadcast_event("mcp_status_change", data)


def test_a_type_may_only_warn_or_not_check_at_all(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for check, warnings in (("off", 0), ("warn", 1)):
            EventType.objects.filter(pk="mcp_status_change").update(payload_check=check)
            registry_cache.refresh()
            caplog.clear()
            assert broadcast_event("mcp_status_change", {"new_status": "gone"}).payload["new_status"] == "gone"
            assert caplog.text.count('"gone" is not an option') == warnings


def test_the_severity_is_checked_whatever_the_payload_check_is() -> None:
    EventType.objects.filter(pk="user_login").update(payload_check="off")
    registry_cache.refresh()
    refused("user_login", {"severity": "critical"})


# --- the registry's changes ------------------------------------------------------------------------------


def test_a_type_made_a_moment_ago_can_be_broadcast_though_this_process_has_not_been_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry_cache.refresh()
    monkeypatch.setattr(registry_cache, "REREAD_AFTER", 0.0)
    EventType.objects.create(id="order_paid", category_id="system", label="Order paid")
    assert broadcast_event("order_paid", {"amount": 3}).payload == {"amount": 3, "severity": "info"}


def test_an_option_made_a_moment_ago_is_accepted_though_this_process_has_not_been_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry_cache.refresh()
    monkeypatch.setattr(registry_cache, "REREAD_AFTER", 0.0)
    field = EventField.objects.get(event_type="mcp_status_change", name="new_status")
    FieldOption.objects.create(field=field, value="paused")
    broadcast_event("mcp_status_change", {"new_status": "paused"})


def test_a_good_event_costs_no_query_of_the_registry(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    registry_cache.refresh()
    with django_assert_num_queries(3):  # savepoint, insert, release
        broadcast_event("user_login", {})


# --- batches ---------------------------------------------------------------------------------------------


def test_a_batch_keeps_its_order() -> None:
    events = broadcast_events(Broadcast("user_login", {"n": n}, "test") for n in range(10))
    assert [event.payload["n"] for event in events] == list(range(10))
    assert [event.payload["n"] for event in Event.objects.order_by("pk")] == list(range(10))


def test_a_batch_is_logged_as_a_whole_or_not_at_all() -> None:
    batch = [Broadcast("user_login", {}), Broadcast("user_login", {}), Broadcast("user_login", {"severity": "error"})]
    with pytest.raises(InvalidData) as error:
        broadcast_events(batch)
    assert error.value.index == 2
    assert not Event.objects.exists()


def test_a_batch_of_more_than_a_thousand_is_refused() -> None:
    with pytest.raises(InvalidData, match="1001 events; at most 1000"):
        broadcast_events([Broadcast("user_login", {})] * 1001)


def test_an_empty_batch_is_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert broadcast_events([]) == []


@pytest.mark.django_db(transaction=True)
async def test_async_code_broadcasts_too() -> None:
    event = await abroadcast_event("user_login", {"username": "ada"}, source="test")
    assert event.position == 1
    assert [each.source async for each in Event.objects.all()] == ["test"]


def test_an_option_is_that_option_however_its_accent_is_written() -> None:
    field = EventField.objects.get(event_type="mcp_status_change", name="new_status")
    FieldOption.objects.create(field=field, value="arr\u00eat\u00e9")
    registry_cache.refresh()
    event = broadcast_event("mcp_status_change", {"new_status": "arre\u0302te\u0301"})
    assert event.payload["new_status"] == "arre\u0302te\u0301"  # what was given is not changed


WITHOUT_DOCSTRINGS = """
import django
django.setup()
from events.admin.document.changing import Moved
from events.broadcast import InactiveEventType, UnknownEventType
from events.ingest import NotExternal
from events.log.records import LogUnavailable
from events.leadership.lease import LeaseLost
errors = [LogUnavailable(), LeaseLost(), Moved(), UnknownEventType("pear", ["apple"])]
errors += [error(event_type="pear") for error in (InactiveEventType, NotExternal)]
for error in errors:
    print(error)
"""


def test_refusals_say_why_also_where_python_runs_without_docstrings() -> None:
    command = [sys.executable, "-OO", "-c", WITHOUT_DOCSTRINGS]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said == [
        "The log's database cannot be reached or is locked; nothing was broadcast.",
        "Another process leads now: nothing was written.",
        "The registry has been changed meanwhile. Look once more at what would change now.",
        'There is no event type "pear"; allowed: apple.',
        "Event type “pear” is not active; an admin can activate it.",
        "Events of type “pear” may not be emitted from outside: only eventhub's own sources do that.",
    ]
