"""What clients send is understood or refused in words, and what they are sent is as documented."""

from __future__ import annotations

import ast
import inspect
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.core.event_types import RESERVED_WORDS
from subscriptions.protocol import commands, messages
from subscriptions.protocol.commands import Refusal

DEEP = '{"action":"subscribe","event_types":["a"],"filters":{"b":' + "[" * 31 + "]" * 31 + "}}"

REFUSED = [
    ("[", "invalid_json", "The frame is not valid JSON"),
    ("", "invalid_json", "The frame is not valid JSON"),
    ('{"action":"ping","request_id":NaN}', "invalid_json", "The frame is not valid JSON"),
    ('{"action":"ping","request_id":1e999}', "invalid_json", "The frame is not valid JSON"),
    (r'{"action":"ping","request_id":"\ud800"}', "invalid_json", "The frame is not valid JSON"),
    ("[" * 100_000, "limit_exceeded", "100,000 characters; at most 65,536"),
    ("[" * 60_000, "invalid_json", "deeper than 32"),
    (DEEP, "invalid_json", "deeper than 32"),
    (b"{}", "invalid_message", "binary"),
    ("3", "invalid_message", "3 was sent; a command is a JSON object"),
    ('"pong"', "invalid_message", '"pong" was sent'),
    ("{}", "unknown_action", "The action is missing; allowed: get_metadata, subscribe"),
    ('{"action":"dance"}', "unknown_action", 'There is no action "dance"; allowed: get_metadata'),
    ('{"action":["ping"]}', "unknown_action", "There is no action"),
    ('{"action":"subscribe"}', "invalid_message", "event_types: it is required"),
    (
        '{"action":"subscribe","event_types":"a"}',
        "invalid_message",
        'event_types: "a" was sent; expected a list',
    ),
    (
        '{"action":"subscribe","event_types":["a",3]}',
        "invalid_message",
        "event_types[1]: 3 was sent; expected a string",
    ),
    (
        '{"action":"subscribe","event_types":["a"],"filters":[1]}',
        "invalid_message",
        "filters: [1] was sent; expected an object or null",
    ),
    (
        '{"action":"subscribe","event_types":["a"],"filter":{}}',
        "invalid_message",
        "filter: no such member; allowed: action, event_types, filters, after, last, request_id.",
    ),
    (
        '{"action":"resume","after":"x","subscriptions":[{"event_types":["a"],"filter":{}}]}',
        "invalid_message",
        "subscriptions[0].filter: no such member; allowed: event_types, filters.",
    ),
    (
        '{"action":"resume","after":"x","subscriptions":[{"event_types":["a"]},{}]}',
        "invalid_message",
        "subscriptions[1].event_types: it is required.",
    ),
    ('{"action":"unsubscribe"}', "invalid_message", "subscription_id: it is required"),
    ('{"action":"ping","request_id":{}}', "invalid_message", "request_id: {} is not a string"),
    ('{"action":"ping","request_id":true}', "invalid_message", "request_id: true is not a string"),
    (f'{{"action":"ping","request_id":"{"x" * 201}"}}', "invalid_message", "is not a string of at most 200"),
]


@pytest.mark.parametrize(("frame", "code", "words"), REFUSED, ids=[str(row[0])[:50] for row in REFUSED])
def test_a_bad_frame_is_refused_with_a_code_and_a_sentence(frame: str | bytes, code: str, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        commands.command_of(commands.decode(frame))
    assert refused.value.code == code
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


def test_nesting_up_to_the_limit_is_understood() -> None:
    frame = DEEP.replace("[" * 31 + "]" * 31, "[" * 30 + "]" * 30)
    assert isinstance(commands.command_of(commands.decode(frame)), commands.Subscribe)


@given(st.text() | st.binary())
def test_no_frame_does_more_than_be_refused(frame: str | bytes) -> None:
    try:
        commands.command_of(commands.decode(frame))
    except Refusal as refusal:
        assert json.loads(messages.error(refusal, None))["code"] == refusal.code


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    st.dictionaries(
        st.sampled_from(["action", "event_types", "filters", "request_id", "subscription_id"]) | st.text(),
        st.sampled_from([*commands.COMMANDS, ["a"]]) | json_values,
    )
)
def test_no_object_does_more_than_be_refused(message: dict[str, object]) -> None:
    try:
        frame = json.dumps(message, ensure_ascii=False)
        command = commands.command_of(commands.decode(frame))
    except Refusal as refusal:
        assert json.loads(messages.error(refusal, None))["code"] == refusal.code
    else:
        assert command.request_id == commands.request_id_of(message)


def test_a_request_id_is_known_even_when_the_rest_is_wrong() -> None:
    assert commands.request_id_of({"action": "dance", "request_id": 7}) == 7
    assert commands.request_id_of({"request_id": [7]}) is None


def test_the_bare_pong_is_a_json_string() -> None:
    assert json.loads(messages.pong("epoch-1", None)) == "pong"


def test_an_event_is_sent_as_it_was_logged() -> None:
    when = datetime(2025, 1, 29, 12, tzinfo=UTC)
    frame = messages.event("user_login", "epoch-7", when, '{"a":1.0,"b":"é"}')
    assert frame == (
        '{"type":"user_login","id":"epoch-7","timestamp":"2025-01-29T12:00:00.000Z","data":{"a":1.0,"b":"é"}}'
    )


def test_no_event_type_can_be_named_like_a_message_or_a_command() -> None:
    members = [node for node in ast.walk(ast.parse(inspect.getsource(messages))) if isinstance(node, ast.Dict)]
    types = {
        value.value
        for each in members
        for key, value in zip(each.keys, each.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
    }
    assert {"subscribed", "error"} <= types
    assert types | commands.COMMANDS.keys() == RESERVED_WORDS
