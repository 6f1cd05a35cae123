"""What an event type and its fields may be called, and say."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from events.broadcast import broadcast_event
from events.core.event_types import RESERVED_WORDS
from events.models import Category, EventField, EventType
from tests.cases import each_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def category() -> Category:
    return Category.objects.create(id="shop", label="Shop")


def event_type(category: Category, **values: object) -> EventType:
    return EventType(
        **{"id": "order_paid", "category": category, "label": "Order", "severity_levels": ["info"]} | values
    )


def field(**values: object) -> EventField:
    of_type = EventType.objects.get(pk="user_login")
    return EventField(**{"event_type": of_type, "name": "amount", "label": "Amount", "data_key": "amount"} | values)


def refusal(row: EventType | EventField, member: str) -> str:
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert set(refused.value.message_dict) == {member}
    return " ".join(refused.value.message_dict[member])


@each_case("word", sorted(RESERVED_WORDS))
def test_a_word_of_the_protocol_is_refused_as_identifier(category: Category, word: str) -> None:
    assert refusal(event_type(category, id=word), "id") == f"“{word}” is a word of the protocol; choose another."


@each_case("identifier", ["Order", "1st", "a", "with space", "with-hyphen", "a" * 65, "ordér", "ab\n"])
def test_an_identifier_is_a_lower_case_word(category: Category, identifier: str) -> None:
    assert "lower-case letters, digits and underscores" in refusal(event_type(category, id=identifier), "id")


@each_case("summary", ["{", "}", "{}", "{0}", "{a.b}", "{a!r}", "{a b}", "{{a}}", "open {a"])
def test_braces_that_are_no_placeholder_are_refused_in_a_summary(category: Category, summary: str) -> None:
    assert "Only {name} is understood" in refusal(event_type(category, summary=summary), "summary")


@each_case("summary", ["", "plain", "{a}", "{mcp_name} went {new_status}", "100 % of {a_1}"])
def test_placeholders_of_names_are_a_good_summary(category: Category, summary: str) -> None:
    event_type(category, summary=summary).full_clean()


@each_case("levels", [[], ["fatal"], ["info", "high"]])
def test_severity_levels_are_some_of_the_four(category: Category, levels: list[str]) -> None:
    refusal(event_type(category, severity_levels=levels), "severity_levels")


def test_severity_levels_are_kept_in_ascending_order(category: Category) -> None:
    row = event_type(category, severity_levels=["critical", "info"])
    row.full_clean()
    assert row.severity_levels == ["info", "critical"]


@each_case(
    ("type_", "operator"),
    [("number", "in"), ("number", "contains"), ("multiselect", "gte"), ("select", "prefix"), ("text", "lte")],
)
def test_an_operator_that_does_not_fit_the_fields_type_is_refused_with_those_that_do(type_: str, operator: str) -> None:
    message = refusal(field(type=type_, operator=operator), "operator")
    assert message.startswith(f"A {type_} field can be compared by “")


@pytest.mark.parametrize(
    ("type_", "usual"), [("multiselect", "in"), ("select", "eq"), ("text", "contains"), ("number", "gte")]
)
def test_a_field_without_an_operator_gets_the_usual_one_of_its_type(type_: str, usual: str) -> None:
    row = field(type=type_)
    row.full_clean()
    row.save()
    assert row.operator == usual


@each_case("type_", ["text", "number"])
def test_a_field_without_options_has_no_source_of_them(type_: str) -> None:
    assert "has no options" in refusal(field(type=type_, options_source="mcp_servers"), "options_source")


def test_two_fields_of_a_type_have_two_names() -> None:
    with pytest.raises(ValidationError, match="already has a field of that name"):
        field(name="user_roles").full_clean()


@each_case("days", [None, 0, 1, 3650])
def test_events_are_kept_for_ever_not_at_all_or_for_days(category: Category, days: int | None) -> None:
    event_type(category, retention_days=days).full_clean()


def test_retention_is_not_negative(category: Category) -> None:
    refusal(event_type(category, retention_days=-1), "retention_days")


def test_a_type_with_events_cannot_be_deleted() -> None:
    broadcast_event("user_login", {"username": "ada"})
    with pytest.raises(ProtectedError):
        EventType.objects.get(pk="user_login").delete()
