"""What comes to /mcp is answered as MCP has it, whatever it is: in a sentence, never by a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from events.access.token_terms import make_token
from tests.subscriptions.agents.calling import META, MODERN, STATUS, Agent, a_user, agent_of

pytestmark = pytest.mark.django_db

EXTENSION = "io.modelcontextprotocol/events"
METHODS = [
    *("initialize", "ping", "server/discover", "tools/list", "tools/call", "nothing/at/all"),
    *("events/list", "events/poll", "events/stream", "events/subscribe", "events/unsubscribe"),
]
MEMBERS = [
    *("name", "arguments", "cursor", "maxAgeMs", "maxEvents", "ttlMs", "delivery", "_meta", "url", "secret", "mode"),
    *("event_type", "filter", "severity", "since", "limit", "id", "words", "protocolVersion"),
]
WORDS = [
    STATUS,
    "search_events",
    "explain_event",
    "list_mcp_servers",
    "webhook",
    "\u0000",
    "0123456789abcdef-1",
    MODERN,
]
plain: SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=9)
)
values: SearchStrategy[Any] = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
messages = st.fixed_dictionaries(
    {
        "jsonrpc": st.just("2.0"),
        "id": st.just(1) | plain,
        "method": st.sampled_from(METHODS),
        "params": st.dictionaries(st.sampled_from(MEMBERS), values, max_size=5),
    }
)


@pytest.mark.parametrize("legacy", [True, False])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=messages | values, tool=st.booleans())
def test_whatever_comes_is_answered_without_an_error_of_the_server(legacy: bool, message: Any, tool: bool) -> None:
    agent = people()
    headers: dict[str, str] = {}
    if isinstance(message, dict) and isinstance(message.get("params"), dict):
        if tool:
            message = {**message, "method": "tools/call", "params": {"name": "search_events", **message["params"]}}
        if not legacy:
            message = {**message, "params": {**message["params"], "_meta": META}}
            headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": message["method"], "Mcp-Name": "search_events"}
    response = agent.send(json.dumps(message), **headers)
    assert response.status_code < 500, response.content
    assert b"Traceback" not in response.content
    if response.content:
        answer = json.loads(response.content)
        assert "result" in answer or len(answer["error"]["message"]) > 10, answer


def people() -> Agent:
    """A superuser who sees all, the same for all examples of a test."""
    user = User.objects.filter(username="root").first() or a_user("root", superuser=True)
    return Agent(make_token(user, "agent", ("read", "emit"), None)[1])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe{}", 400),
        (b'{"a":"\\ud800"}', 400),
        (b"[" * 10_000, 400),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b'{"a":' * 60 + b"1" + b"}" * 61, 400),
        (b" " * 70_000, 413),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', 400),
        (b'{"jsonrpc":"2.0","id":"' + b"a" * 201 + b'","method":"ping"}', 400),
        (b'{"jsonrpc":"2.0","id":' + b"1" * 201 + b',"method":"ping"}', 400),
    ],
)
def test_what_is_no_message_is_refused_in_a_sentence(body: bytes, status: int) -> None:
    response = agent_of(a_user()).send(body)
    assert response.status_code == status
    assert json.loads(response.content)["error"]["message"].endswith(".")


def test_both_eras_are_told_of_events_where_hosts_look_for_them() -> None:
    user = a_user()
    told = agent_of(user).result("server/discover"), agent_of(user, legacy=True).result("initialize")
    for each in told:
        assert each["capabilities"]["events"] == {}
        assert each["capabilities"]["extensions"] == {EXTENSION: {"listChanged": True}}
    assert told[1]["protocolVersion"] == "2025-11-25"


def test_what_is_wrong_with_a_request_is_told_by_its_status() -> None:
    user = a_user()
    agent = agent_of(user)
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "events/poll", "params": {"name": STATUS, "_meta": META}})
    right = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "events/poll"}
    assert agent.send(ask, **right).status_code == 200
    assert agent.send(ask, **right, **{"Mcp-Name": STATUS}).status_code == 200
    for wrong in (
        {"Mcp-Name": "another"},
        {"Mcp-Method": "events/list"},
        {"MCP-Protocol-Version": "2099-01-01"},
    ):
        assert agent.send(ask, **{**right, **wrong}).status_code == 400
    assert agent.send(ask, **right, Origin="https://evil.example").status_code == 403
    assert agent.ask("nothing/at/all").status_code == 404
    assert agent.send('{"jsonrpc":"2.0","method":"notifications/initialized"}').status_code == 202
    assert Client().get("/mcp").status_code == 405


def test_only_a_token_that_is_made_for_reading_opens_it() -> None:
    user = a_user()
    nobody = Client().post("/mcp", "{}", content_type="application/json")
    assert (nobody.status_code, nobody["WWW-Authenticate"]) == (401, "Bearer")
    assert Agent("ehub_wrong").ask("events/list").status_code == 401
    emitting = agent_of(user, "emit").ask("events/list")
    assert (emitting.status_code, b"read" in emitting.content) == (403, True)
    signed_in = Client()
    signed_in.force_login(user)  # pages of other sites could use a session
    assert signed_in.post("/mcp", "{}", content_type="application/json").status_code == 401


def test_a_call_without_a_way_to_serve_it_says_which_there_are() -> None:
    error = agent_of(a_user(), legacy=True).error("events/stream", name=STATUS)
    assert error["data"] == {"feature": "deliveryMode", "value": "push"}
