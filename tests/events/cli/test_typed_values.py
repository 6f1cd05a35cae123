"""`name=value` arguments as payload members."""

from __future__ import annotations

from typing import Any

import pytest

from events.broadcast import InvalidData
from events.cli.typed_values import members
from events.core.event_types import EventType, Field
from tests.cases import each_case


def field(name: str, type: str = "text", data_key: str = "") -> Field:
    return Field(name=name, label=name, type=type, data_key=data_key or name, operator="in")


ORDER = EventType(
    id="order_paid",
    category="shop",
    label="Order paid",
    summary="{customer} paid {amount}",
    fields=(field("amount", "number"), field("methods", "multiselect", "method"), field("note")),
)


def value(argument: str) -> Any:
    [parsed] = members(ORDER, [argument]).values()
    return parsed


@each_case(("text", "number"), [("12", 12), ("-3", -3), ("1.50", 1.5), ("1e3", 1000.0), ("007", 7)])
def test_a_number_field_gets_a_number(text: str, number: float) -> None:
    parsed = value(f"amount={text}")
    assert (parsed, type(parsed)) == (number, type(number))


@each_case("text", ["", "x", "1,5", "true", "nan", "inf", "1e999", '"12"'])
def test_a_number_field_gets_nothing_else(text: str) -> None:
    with pytest.raises(InvalidData, match="is not a number"):
        value(f"amount={text}")


@each_case("text", ["12", "true", "null", '"quoted"', "", "a=b", "[1]"])
def test_any_other_field_gets_its_text(text: str) -> None:
    assert value(f"note={text}") == text
    assert value(f"method={text}") == text


@each_case(
    ("text", "parsed"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("0", 0),
        ("-12", -12),
        ("1.5", 1.5),
        ("9007199254740992", 2**53),
        ('"12"', "12"),
        ('"true"', "true"),
        ('""', ""),
    ],
)
def test_an_undeclared_member_becomes_what_json_writes_in_just_this_way(text: str, parsed: object) -> None:
    assert value(f"extra={text}") == parsed
    assert type(value(f"extra={text}")) is type(parsed)


@each_case(
    "text",
    [
        "007",
        "+1",
        "1.10",
        "1e3",
        "1E3",
        "1.",
        ".5",
        " 1",
        "1 ",
        "-0",
        "1_000",
        "٣",
        "True",
        "NULL",
        "None",
        "NaN",
        "Infinity",
        "9007199254740993",
        "12345678901234567890",
        "[1]",
        '{"a":1}',
        "",
        "2025-01-29",
    ],
)
def test_what_could_be_meant_otherwise_stays_text(text: str) -> None:
    assert value(f"extra={text}") == text


def test_a_name_given_repeatedly_makes_a_list_in_order() -> None:
    written = ["method=cash", "amount=1", "method=card", "amount=2", "customer=ada"]
    assert members(ORDER, written) == {"method": ["cash", "card"], "amount": [1, 2], "customer": "ada"}


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidData) as error:
        members(ORDER, ["amount=x", "methods=cash", "custmer=ada", "nothing"])
    assert [problem.field for problem in error.value.problems] == ["amount", "methods", "custmer", '"nothing"']


def test_the_name_of_a_filter_is_refused_with_the_member_that_it_reads() -> None:
    with pytest.raises(InvalidData, match="the name of a filter, which reads method"):
        value("methods=cash")


@each_case("slip", ["custmer", "customerr", "amonut", "anount", "Severity", "severit"])
def test_a_slip_is_refused_with_what_was_meant(slip: str) -> None:
    with pytest.raises(InvalidData, match="did you mean"):
        value(f"{slip}=1")


@each_case("name", ["customer_id", "max_amount", "reason", "nota"])
def test_members_of_its_own_may_be_in_every_payload(name: str) -> None:
    assert value(f"{name}=1") == 1
