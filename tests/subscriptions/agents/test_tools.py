"""What an agent can ask and do: as its user may, in answers that are bounded and structured."""

from __future__ import annotations

import json

import pytest

from events.mcp.models import McpServer
from events.models import Event
from subscriptions.agents.tools.answering import MAX_ANSWER
from tests.subscriptions.agents.calling import STATUS, Agent, a_user, agent_of
from tests.subscriptions.standing.stepped import emit

pytestmark = pytest.mark.django_db

ACTING = {"emit_event", "check_server_now"}


@pytest.fixture
def agent() -> Agent:
    return agent_of(a_user())


def tools_of(agent: Agent) -> set[str]:
    return {each["name"] for each in agent.result("tools/list")["tools"]}


def test_only_who_may_change_something_sees_tools_that_do(agent: Agent) -> None:
    reading = tools_of(agent)
    assert reading == {
        *("search_events", "explain_event", "preview_subscription", "list_event_types"),
        *("list_mcp_servers", "server_health", "fleet_summary"),
    }
    emitter = a_user("emil", may=("add_event",))
    assert tools_of(agent_of(emitter)) - reading == {"emit_event"}
    assert tools_of(agent_of(emitter, "read")) == reading  # a token that is made for reading changes nothing
    assert tools_of(agent_of(a_user("root", superuser=True))) - reading == ACTING
    error = agent.error("tools/call", name="emit_event", arguments={"type": STATUS, "data": {}})
    assert "emit_event" in error["message"]
    assert not Event.objects.exists()


def test_what_has_happened_is_found_page_by_page_and_explained(agent: Agent) -> None:
    emit(*"abcde")
    page = agent.tool("search_events", event_type=[STATUS], filter={"mcp_names": [*"abce"]}, limit=3)
    assert [each["data"]["mcp_name"] for each in page["events"]] == ["e", "c", "b"]
    assert page["events"][0]["summary"] == "e went inactive"
    rest = agent.tool("search_events", event_type=[STATUS], filter={"mcp_names": [*"abce"]}, cursor=page["next"])
    assert ([each["data"]["mcp_name"] for each in rest["events"]], rest["next"]) == (["a"], None)
    explained = agent.tool("explain_event", id=rest["events"][0]["id"], filter={"severity": "info"})
    assert explained["matches"] is False
    assert explained["conditions"][-1]["actual"] == "error"
    preview = agent.tool("preview_subscription", filter={"mcp_names": "a"})
    assert (preview["looked_at"], preview["matched"]) == (5, 1)


def test_no_answer_is_longer_than_its_bound_whatever_the_payloads_are(agent: Agent) -> None:
    emit(*[f"s{number}" for number in range(20)], note="x" * 5_000)
    emit("long", note="y" * 60_000)
    got, cursor = [], None
    while True:
        page = agent.tool("search_events", **({"cursor": cursor} if cursor else {}))
        assert len(json.dumps(page)) <= MAX_ANSWER
        got += page["events"]
        if (cursor := page["next"]) is None:
            break
    assert len(got) == 21
    assert "data" not in got[0]
    assert got[0]["data_beginning"].startswith('{"mcp_name":"long"')


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("search_events", {"event_type": []}, "[]"),  # an empty list is not everything
        ("search_events", {"event_type": ["nothing"]}, "nothing"),
        ("search_events", {"filter": {"colour": 1}}, "colour"),
        ("search_events", {"filter": {"severity": {"a": 1}}}, "severity"),
        ("search_events", {"since": "yesterday"}, "yesterday"),
        ("search_events", {"limit": 0}, "limit"),
        ("search_events", {"colour": 1}, "colour"),
        ("search_events", {"cursor": "x"}, "cursor"),
        ("explain_event", {"id": "x"}, "x"),
        ("list_event_types", {"cursor": "x"}, "cursor"),
        ("list_event_types", {"event_type": "nothing"}, "nothing"),
        ("server_health", {"name": "nothing"}, "nothing"),
    ],
)
def test_a_bad_call_is_refused_in_a_sentence_that_names_what_is_wrong(
    agent: Agent, tool: str, arguments: dict[str, object], named: str
) -> None:
    sentence = agent.refusal(tool, **arguments)
    assert named in sentence
    assert "Traceback" not in sentence


def test_the_kinds_of_events_are_listed_with_their_filters(agent: Agent) -> None:
    types = {each["id"]: each for each in agent.tool("list_event_types")["event_types"]}
    assert "mcp_names" in {each["name"] for each in types[STATUS]["filters"]}
    assert agent.tool("list_event_types", event_type=STATUS)["event_types"][0]["id"] == STATUS


def test_how_the_fleet_is_and_why_is_told_as_the_page_tells_it(agent: Agent) -> None:
    for name in ("oracle_mcp", "paper_mcp"):
        server = McpServer.objects.create(name=name, url="https://mcp.example.org/mcp")
    server.state.last_error, server.state.last_error_class = "https://secret.example said no", "http"
    server.state.circuit_state = "open"
    server.state.save()
    listed = agent.tool("list_mcp_servers")["servers"]
    assert [each["name"] for each in listed] == ["paper_mcp", "oracle_mcp"]  # the worst first
    assert agent.tool("fleet_summary")["in_trouble"] == ["paper_mcp"]
    health = agent.tool("server_health", name="paper_mcp")["server"]
    assert (health["circuit"], health["why"]) == ("open", "http")  # the kind of error alone
    admin = agent_of(a_user("anna", may=("view_mcpserver",)))
    assert admin.tool("server_health", name="paper_mcp")["server"]["why"] == "https://secret.example said no"
    assert "oracle_mcp" in agent.refusal("server_health", name="oracle")


def test_an_event_that_an_agent_emits_says_which_user_s_it_was() -> None:
    agent = agent_of(a_user("emil", may=("add_event",)))
    receipt = agent.tool("emit_event", type=STATUS, data={"mcp_name": "a", "new_status": "active"})
    assert receipt["type"] == STATUS
    assert Event.objects.get().source == "agent:emil"
    assert "data.new_status" in agent.refusal("emit_event", type=STATUS, data={"new_status": "purple"})
    assert "data" in agent.refusal("emit_event", type=STATUS)
    assert Event.objects.count() == 1
