"""What a subscription asks of events: parsing, canonical form, and the plain predicate.

The matcher's index, catch-up, history and preview all answer as `matches` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from events.core.event_types import EventType, Field, folded
from events.core.limits import LIMITS
from events.core.problems import Problem, shown
from events.core.values import Scalar, json_text, scalars

Value = str | float
Members = Sequence[Scalar]


class Operator(NamedTuple):
    """`kind` tells the matcher how to find the conditions that hold: by exact value, bound, or text needle.

    `holds(actual, wanted)` compares one value of the payload with one of the filter's, both normalised.
    """

    kind: str
    holds: Callable[[Any, Any], bool]


OPERATORS: dict[str, Operator] = {
    "in": Operator("exact", lambda actual, wanted: actual == wanted),
    "eq": Operator("exact", lambda actual, wanted: actual == wanted),
    "contains": Operator("text", lambda actual, wanted: wanted in actual),
    "prefix": Operator("text", lambda actual, wanted: actual.startswith(wanted)),
    "gte": Operator("bound", lambda actual, wanted: actual >= wanted),
    "lte": Operator("bound", lambda actual, wanted: actual <= wanted),
}
DEFAULT_OPERATOR = {"multiselect": "in", "select": "eq", "text": "contains", "number": "gte"}
OPERATORS_OF = {
    "multiselect": ("in",),
    "select": ("eq", "in"),
    "text": ("contains", "prefix", "eq"),
    "number": ("gte", "lte", "eq"),
}


class Condition(msgspec.Struct, frozen=True, order=True):
    """One field's share of a filter. It holds when any value of the payload's member holds against any of `values`;
    without values it never holds (none of those asked for is possible for this type)."""

    name: str
    data_key: str
    operator: str
    number: bool
    values: tuple[Value, ...]

    def holds(self, data: Mapping[str, Any]) -> bool:
        holds = OPERATORS[self.operator].holds
        return any(
            holds(actual, wanted)
            for actual in normalised_members(data.get(self.data_key), self.number)
            for wanted in self.values
        )


Filter = tuple[Condition, ...]


class FilterError(Exception):
    """An invalid filter: `code` and `details` as the protocol gives them."""

    def __init__(self, code: str, problems: Sequence[Problem]) -> None:
        self.code = code
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems))


def normalised(value: Scalar, number: bool) -> Value | None:
    """Return the form in which values compare: numbers as they are, anything else as folded text; None: not at all."""
    if not number:
        return folded(json_text(value))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def normalised_members(member: object, number: bool) -> list[Value]:
    return [value for each in scalars(member) if (value := normalised(each, number)) is not None]


def matches(filter: Filter, data: Mapping[str, Any]) -> bool:
    """Return whether an event with this payload, of the type the filter was made for, is asked for."""
    return all(condition.holds(data) for condition in filter)


def parse_filters(filters: Mapping[str, Any], types: Sequence[EventType]) -> dict[str, Filter]:
    """Return the canonical filter of each chosen type. A name binds the types that declare it.

    Raises FilterError: `unknown_filter` for a name none of the types declares, `invalid_filter` for a value that is
    possible for none of them.
    """
    declared_by = {name: [(each.id, field) for each in types if (field := each.field(name))] for name in filters}
    unknown = [name for name, fields in declared_by.items() if not fields]
    if unknown:
        declared = sorted({field.name for event_type in types for field in event_type.fields})
        allowed = ", ".join(declared) or "none"
        problems = [Problem(f"filters.{name}", f"no such filter; allowed: {allowed}") for name in unknown]
        raise FilterError("unknown_filter", problems)

    conditions: dict[str, list[Condition]] = {event_type.id: [] for event_type in types}
    problems = []
    for name, asked in filters.items():
        try:
            values = asked_values(name, asked)
            if values:
                for type_id, condition in bind(name, values, declared_by[name]):
                    conditions[type_id].append(condition)
        except FilterError as error:
            problems += error.problems
    if problems:
        raise FilterError("invalid_filter", problems)
    return {type_id: tuple(sorted(of_type)) for type_id, of_type in conditions.items()}


def text_conditions(asked: Mapping[str, Filter]) -> int:
    """Return how many values are looked for in texts, by type: each is tried on every event of its type."""
    needles = {
        (condition.name, value)
        for filter in asked.values()
        for condition in filter
        if OPERATORS[condition.operator].kind == "text"
        for value in condition.values
    }
    return len(needles)


def check_can_be_kept(filters: Mapping[str, Any]) -> None:
    """Raise FilterError (`invalid_filter`) for a text that PostgreSQL cannot keep."""
    for name, asked in filters.items():
        for value in asked if isinstance(asked, list) else [asked]:
            if isinstance(value, str) and "\0" in value:
                raise invalid_filter(name, f"{shown(value)} has a NUL, which cannot be kept")


def asks(asked: object) -> bool:
    return not (asked is None or asked == "" or asked == [])


def asked_values(name: str, asked: object) -> list[Scalar]:
    """Return the values of one filter; `[]`, `""` and null ask nothing."""
    if not asks(asked):
        return []
    values: list[Any] = asked if isinstance(asked, list) else [asked]
    if len(values) > LIMITS["values_per_filter"]:
        raise invalid_filter(name, f"{len(values)} values; at most {LIMITS['values_per_filter']} are allowed")
    for value in values:
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            raise invalid_filter(name, f"{shown(value)} is not a string, number or boolean")
        if len(json_text(value)) > LIMITS["value_length"]:
            raise invalid_filter(name, f"{shown(value)} is longer than {LIMITS['value_length']} characters")
    return values


def bind(name: str, values: Sequence[Scalar], fields: Sequence[tuple[str, Field]]) -> list[tuple[str, Condition]]:
    """Return one condition for each type that declares the filter. Every value must be possible for at least one of
    them."""
    possible: list[set[Value]] = [set() for _ in fields]
    for value in values:
        is_possible = False
        for (_, field), wanted in zip(fields, possible, strict=True):
            each = possible_value(field, value)
            if each is not None:
                wanted.add(each)
                is_possible = True
        if not is_possible:
            raise invalid_filter(name, not_possible(value, [field for _, field in fields]))
    return [(type_id, condition(field, wanted)) for (type_id, field), wanted in zip(fields, possible, strict=True)]


def possible_value(field: Field, value: Scalar) -> Value | None:
    """Return the normalised value, or None when this field can never have it."""
    if field.is_number:
        return as_number(value)
    text, options = folded(json_text(value)), field.folded_options
    return text if options is None or text in options else None


def as_number(value: Scalar) -> float | None:
    """Return a number, also one that is written as text (query strings and forms have nothing else); None for anything
    else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value) if value.strip().lstrip("+-").isdecimal() else float(value)
        except ValueError:
            return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def condition(field: Field, values: set[Value]) -> Condition:
    operator = "in" if field.operator == "eq" else field.operator
    if operator == "gte" and values:
        values = {min(values)}
    elif operator == "lte" and values:
        values = {max(values)}
    return Condition(field.name, field.data_key, operator, field.is_number, tuple(sorted(values)))


def not_possible(value: Scalar, fields: Sequence[Field]) -> str:
    if all(field.is_number for field in fields):
        return f"{shown(value)} is not a number"
    allowed = ", ".join(dict.fromkeys(field.allowed_values for field in fields if field.is_static))
    return f"{shown(value)} is not an option; allowed: {allowed}"


def invalid_filter(name: str, problem: str) -> FilterError:
    return FilterError("invalid_filter", [Problem(f"filters.{name}", problem)])
