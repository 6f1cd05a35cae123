"""What an agent can ask and do: as its user may, in answers that are bounded and structured."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from events.mcp import uptime
from events.mcp.models import McpServer, McpTransition, ToolList
from events.mcp.reliability.tally import HOUR_S, Counts, Hour
from events.mcp.tools.definitions import listed
from events.models import Event
from subscriptions.agents.tools.answering import MAX_ANSWER
from tests.mcp.outcomes import a_server, told
from tests.subscriptions.agents.calling import STATUS, Agent, a_user, agent_of, restrict
from tests.subscriptions.standing.stepped import emit

pytestmark = pytest.mark.django_db

HOUR = int(time.time() // HOUR_S) - 2  # whose figures are there when it is over
ACTING = {"emit_event", "check_server_now", "approve_tools"}


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


def seen(server: McpServer, approved: list[Any], *since: list[Any]) -> ToolList:
    """A server's tools as they were approved, and as they were seen since."""
    row = ToolList(server=server, era="modern", seen_at=datetime.now(UTC))
    row.see(*listed(approved, ""))
    row.approve("first seen", datetime.now(UTC))
    for tools in since:
        row.see(*listed(tools, ""))
    row.save()
    return row


def test_health_has_uptime_and_how_the_tools_differ_for_those_who_may_see_it(agent: Agent) -> None:
    server = a_server()
    hours = [Hour(HOUR + number, Counts(up=1800.0, down=1800.0, checks=60)) for number in range(2)]
    uptime.keep({server.pk: hours})
    row = seen(server, [{"name": "add"}, {"name": "sub"}], [{"name": "add", "description": "x"}, {"name": "evil"}])
    told = agent.tool("server_health", name=server.name)
    assert (told["uptime"]["24h"], told["uptime"]["p95"]) == (0.5, None)
    assert told["tools"] == []  # what a server answers is for those who may view servers
    restrict(STATUS)
    assert agent.tool("server_health", name=server.name)["uptime"] == {}
    (tools,) = agent_of(a_user("vera", may=("view_mcpserver",))).tool("server_health", name=server.name)["tools"]
    assert (tools["approved"], tools["approved_by"], tools["fingerprint"]) == (
        False,
        "first seen",
        row.seen_fingerprint,
    )
    assert tools["differs"] == "1 tool changed, 1 tool added, 1 tool removed"
    assert (tools["added"], tools["removed"], tools["severity"]) == (["evil"], ["sub"], "error")
    assert tools["changed"] == [{"name": "add", "parts": ["description"]}]


def test_the_health_of_a_hostile_server_has_its_bound_and_still_the_fingerprint_of_its_tools() -> None:
    server = a_server()
    wide = "\U0001f600" * 200
    tools = [{"name": f"{n:03}{wide}", "description": "x"} for n in range(300)]
    row = seen(server, [{"name": f"{n:03}{wide}"} for n in range(150, 450)], tools)
    McpTransition.objects.bulk_create(
        McpTransition(server=server, at=datetime.now(UTC), axis="health", old="", new="healthy", reason=wide)
        for _ in range(30)
    )
    health = agent_of(a_user("vera", may=("view_mcpserver",))).tool("server_health", name=server.name)
    assert len(msgspec.json.encode(health)) <= MAX_ANSWER
    assert [each["fingerprint"] for each in health["tools"]] == [row.seen_fingerprint]
    assert health["tools"][0]["differs"] == "150 tools changed, 150 tools added, 150 tools removed"


def test_tools_are_approved_by_who_may_see_and_approve_them_and_only_what_was_looked_at() -> None:
    server = a_server()
    row = seen(server, [{"name": "add"}], [{"name": "other"}])
    approver = a_user("vera", may=("view_mcpserver", "approve_tools"))
    for user, scopes in (
        (a_user("cora", may=("view_mcpserver", "change_mcpserver")), ("read", "emit")),
        (a_user("abel", may=("approve_tools",)), ("read", "emit")),  # who does not see what is approved
        (approver, ("read",)),
    ):
        agent = agent_of(user, *scopes)
        assert "approve_tools" not in tools_of(agent)
        asked = {"name": server.name, "fingerprints": [row.seen_fingerprint]}
        assert "approve_tools" in agent.error("tools/call", name="approve_tools", arguments=asked)["message"]
    agent = agent_of(approver)
    (shown,) = agent.tool("server_health", name=server.name)["tools"]
    row.see(*listed([{"name": "evil"}], ""))
    row.save()
    refusal = agent.refusal("approve_tools", name=server.name, fingerprints=[shown["fingerprint"]])
    assert refusal == "The tools of oracle_mcp have changed again meanwhile: look at them before you approve them."
    assert "fingerprints" in agent.refusal("approve_tools", name=server.name, fingerprints=[])
    assert not ToolList.objects.get().is_approved
    assert told("user_action") == []
    done = agent.tool("approve_tools", name=server.name, fingerprints=[row.seen_fingerprint])
    assert done["verdict"] == "The tools of oracle_mcp are approved."
    assert (ToolList.objects.get().approved_by, ToolList.objects.get().is_approved) == ("vera", True)
    ((_, audited),) = told("user_action")
    assert (audited["action_type"], audited["target_name"], audited["username"]) == (
        "approve_tools",
        "oracle_mcp",
        "vera",
    )
    again = agent.tool("approve_tools", name=server.name, fingerprints=[row.seen_fingerprint])
    assert again["verdict"] == "The tools of oracle_mcp were approved already."


def test_an_event_that_an_agent_emits_says_which_user_s_it_was() -> None:
    agent = agent_of(a_user("emil", may=("add_event",)))
    receipt = agent.tool("emit_event", type=STATUS, data={"mcp_name": "a", "new_status": "active"})
    assert receipt["type"] == STATUS
    assert Event.objects.get().source == "agent:emil"
    assert "data.new_status" in agent.refusal("emit_event", type=STATUS, data={"new_status": "purple"})
    assert "data" in agent.refusal("emit_event", type=STATUS)
    assert Event.objects.count() == 1
