"""The matcher's index answers as the plain predicate does, for whatever admins declare and clients ask."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.core.event_types import EventType, Field, Option
from events.core.filters import OPERATORS, OPERATORS_OF, Filter, FilterError, matches, parse_filters
from subscriptions.matching.matcher import Matcher, Sizes
from tests.settings import examples

KEYS = ["severity", "name", "roles"]
WORDS = ["info", "Error", "ERROR", "rror", "straße", "STRASSE", "\u00e9", "E\u0301", "", "1", "1.0", "true", "null"]
NUMBERS = [0, 1, 1.0, -2, 2.5, 10**30]
SCALARS: st.SearchStrategy[Any] = st.sampled_from([*WORDS, *NUMBERS, True, False, None])
MEMBERS = SCALARS | SCALARS | st.lists(SCALARS, max_size=4) | st.just({"name": "mcp"})
DATA = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, MEMBERS))


@st.composite
def fields(draw: st.DrawFn, name: str) -> Field:
    type = draw(st.sampled_from(sorted(OPERATORS_OF)))
    words = [] if type == "number" else draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=6))
    return Field(
        name=name,
        label=name,
        type=type,
        data_key=draw(st.sampled_from(KEYS)),
        operator=draw(st.sampled_from(OPERATORS_OF[type])),
        options=tuple(Option(word, word) for word in words),
        live=draw(st.booleans()),
    )


@st.composite
def event_types(draw: st.DrawFn, id: str) -> EventType:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    return EventType(id=id, category="any", label=id, fields=tuple(draw(fields(name)) for name in names))


def values_of(field: Field) -> list[Any]:
    if field.is_number:
        return NUMBERS
    return [option.value for option in field.options] if field.is_static else [*WORDS, 1, True]


@st.composite
def requests(draw: st.DrawFn, types: list[EventType]) -> dict[str, Filter]:
    """The filter for each chosen type; empty when what is asked for cannot be."""
    chosen = draw(st.lists(st.sampled_from(types), unique_by=lambda each: each.id, min_size=1))
    declared = [field for event_type in chosen for field in event_type.fields]
    possible = {field.name: st.lists(st.sampled_from(values_of(field)), max_size=3) for field in declared}
    try:
        return parse_filters(draw(st.fixed_dictionaries({}, optional=possible)), chosen)
    except FilterError:
        return {}


@settings(max_examples=examples(100), deadline=None)
@given(st.data())
def test_index_and_predicate_agree_for_any_registry_filters_and_events(data: st.DataObject) -> None:
    types = [data.draw(event_types(id)) for id in ("one", "two")]
    asked = data.draw(st.lists(requests(types), min_size=1, max_size=12))
    events = data.draw(st.lists(DATA, min_size=1, max_size=4))
    matcher: Matcher[int] = Matcher()
    for subscriber, filters in enumerate(asked):
        for type_id, filter in filters.items():
            matcher.add(type_id, filter, subscriber)

    here = dict(enumerate(asked))
    order = data.draw(st.permutations(list(here)))
    for gone in (None, *order):
        if gone is not None:
            for type_id, filter in here.pop(gone).items():
                matcher.remove(type_id, filter, gone)
        for event in events:
            for type_id in ("one", "two"):
                expected = {
                    subscriber
                    for subscriber, filters in here.items()
                    if type_id in filters and matches(filters[type_id], event)
                }
                assert set(matcher.match(type_id, event)) == expected
    assert matcher.sizes() == Sizes()


WIDE = EventType(
    id="wide",
    category="any",
    label="wide",
    fields=tuple(
        Field(name=name, label=name, type=type, data_key=key, operator=operator)
        for name, type, key, operator in [
            ("servers", "multiselect", "server", "in"),
            ("severity", "multiselect", "severity", "in"),
            ("at_least", "number", "count", "gte"),
            ("at_most", "number", "count", "lte"),
            ("says", "text", "text", "contains"),
            ("begins", "text", "text", "prefix"),
        ]
    ),
)


def anything_wide() -> dict[str, Any]:
    """Rare and common values, bounds that are mostly distinct, needles that are too."""
    asked = {
        "servers": [f"server_{random.randrange(300)}" for _ in range(random.randint(1, 5))],
        "severity": random.sample(["info", "warning", "error"], 2),
        "at_least": random.uniform(0, 1000),
        "at_most": random.uniform(0, 1000),
        "says": random.choice(["time", "code", "no"]) + str(random.randrange(200)),
        "begins": f"code{random.randrange(100)}",
    }
    names = random.sample(sorted(asked), random.choice([1, 1, 1, 2, 3]))
    return {name: asked[name] for name in names}


def test_index_and_predicate_agree_for_thousands_of_subscriptions() -> None:
    filters = [parse_filters(anything_wide(), [WIDE])[WIDE.id] for _ in range(8000)]
    matcher: Matcher[int] = Matcher()
    for subscriber, filter in enumerate(filters):
        matcher.add(WIDE.id, filter, subscriber)
    here = set(range(len(filters)))
    for share in (0.0, 0.5, 0.9):
        for subscriber in random.sample(sorted(here), int(len(here) * share)):
            matcher.remove(WIDE.id, filters[subscriber], subscriber)
            here.remove(subscriber)
        for _ in range(10):
            event = {
                "server": f"server_{random.randrange(300)}",
                "severity": random.choice(["info", "warning", "error"]),
                "count": random.uniform(-10, 1010),
                "text": f"code{random.randrange(1000)} after time{random.randrange(1000)}",
            }
            expected = {subscriber for subscriber in here if matches(filters[subscriber], event)}
            assert expected
            assert set(matcher.match(WIDE.id, event)) == expected


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_can_be_chosen_for_some_type_of_field(operator: str) -> None:
    """Or the tests above would not try it."""
    assert any(operator in operators for operators in OPERATORS_OF.values())
