"""An agent that polls gets every event that it asks for, once, and is told when some are missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from events import registry_cache
from events.log import reading, retention
from events.models import Event, EventType
from subscriptions.protocol import mcp_events
from tests.subscriptions.agents.calling import OTHER, STATUS, Agent, a_user, agent_of, restrict
from tests.subscriptions.standing.stepped import emit

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[False, True], ids=["modern", "legacy"])
def agent(request: pytest.FixtureRequest) -> Agent:
    return agent_of(a_user(), legacy=request.param)


def names(answer: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [each["data"]["mcp_name"] for each in answer["events"]]


def test_a_poll_loop_gets_all_that_it_asks_for_and_nothing_twice(agent: Agent) -> None:
    emit("before")
    first = agent.result("events/poll", name=STATUS, cursor=None)
    assert (first["events"], first["truncated"], first["hasMore"]) == ([], False, False)
    emit("a", "b", "c")
    emit("calm", severity="info")
    emit("d")
    asked = {"name": STATUS, "arguments": {"severity": ["error"]}}
    got, cursor = [], first["cursor"]
    while True:
        answer = agent.result("events/poll", **asked, cursor=cursor, maxEvents=2)
        assert not answer["truncated"]
        got += answer["events"]
        cursor = answer["cursor"]
        if not answer["hasMore"]:
            break
    assert [each["data"]["mcp_name"] for each in got] == ["a", "b", "c", "d"]
    assert len({each["eventId"] for each in got}) == 4
    assert got[0]["timestamp"].endswith("Z")
    assert cursor == str(reading.head())  # quiet times move it on, too
    assert names(agent.result("events/poll", **asked, cursor=cursor)) == []


def test_truncated_is_true_exactly_when_events_are_missing(agent: Agent) -> None:
    emit("old", "new")
    epoch = reading.epoch()
    Event.objects.filter(position=1).update(timestamp=timezone.now() - timedelta(days=2))

    def truncated(cursor: str, **also: int) -> tuple[bool, list[str]]:
        answer = agent.result("events/poll", name=STATUS, cursor=cursor, **also)
        return answer["truncated"], names(answer)

    assert truncated(f"{epoch}-0") == (False, ["old", "new"])
    assert truncated(f"{epoch}-0", maxAgeMs=3_600_000) == (True, ["new"])
    assert truncated(f"{epoch}-1", maxAgeMs=3_600_000) == (False, ["new"])
    list(retention.prune_type(STATUS, timezone.now() - timedelta(days=1), 10))
    assert truncated(f"{epoch}-0") == (True, ["new"])
    assert truncated(f"{epoch}-1") == (False, ["new"])
    assert truncated(f"{epoch}-3") == (True, [])  # beyond the head
    assert truncated("0123456789abcdef-1") == (True, [])  # of another log
    assert truncated("of some other server") == (True, [])


@pytest.mark.parametrize("bound", ["subscriptions.agents.polling.ROWS", "events.log.pages.MAX_BYTES"])
def test_what_does_not_fit_into_an_answer_comes_with_the_next(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(bound, {"ROWS": 2, "MAX_BYTES": 100}[bound.rpartition(".")[2]])  # both are two events
    emit("a", "b", "c", "d")
    cursor = f"{reading.epoch()}-0"
    assert names(agent.result("events/poll", name=STATUS, cursor=cursor)) == ["a", "b", "c", "d"]
    monkeypatch.setattr("subscriptions.agents.polling.SECONDS", 0)  # of looking through a backlog
    answer = agent.result("events/poll", name=STATUS, cursor=cursor)
    assert (names(answer), answer["hasMore"]) == (["a", "b", "c", "d"], True)
    last = agent.result("events/poll", name=STATUS, cursor=answer["cursor"])
    assert (names(last), last["hasMore"]) == ([], False)


@pytest.mark.parametrize(
    ("params", "code", "named"),
    [
        ({}, mcp_events.INVALID_PARAMS, "name"),
        ({"name": 5}, mcp_events.INVALID_PARAMS, "5"),
        ({"name": STATUS, "cursor": 5}, mcp_events.INVALID_PARAMS, "cursor"),
        ({"name": STATUS, "maxEvents": 0}, mcp_events.INVALID_PARAMS, "maxEvents"),
        ({"name": STATUS, "maxAgeMs": -1}, mcp_events.INVALID_PARAMS, "maxAgeMs"),
        ({"name": STATUS, "arguments": {"colour": "red"}}, mcp_events.INVALID_PARAMS, "arguments.colour"),
        ({"name": STATUS, "arguments": {"severity": "loud"}}, mcp_events.INVALID_PARAMS, "loud"),
        ({"name": "no_such_type"}, mcp_events.NOT_FOUND, "no_such_type"),
        (
            {"name": "system_error", "arguments": {"component": [str(n) for n in range(21)]}},
            mcp_events.RESOURCE_EXHAUSTED,
            "arguments: 21 values",
        ),
    ],
)
def test_a_bad_call_is_refused_in_a_sentence_that_names_what_is_wrong(
    agent: Agent, params: dict[str, object], code: int, named: str
) -> None:
    error = agent.error("events/poll", **params)
    assert error["code"] == code
    assert named in error["message"]


def test_a_type_that_is_never_logged_cannot_be_polled(agent: Agent) -> None:
    EventType.objects.filter(pk=STATUS).update(retention_days=0)
    registry_cache.forget()
    error = agent.error("events/poll", name=STATUS)
    assert (error["code"], error["data"]) == (mcp_events.UNSUPPORTED, {"feature": "deliveryMode", "value": "poll"})
    listed = [each["delivery"] for each in agent.result("events/list")["events"] if each["name"] == STATUS]
    assert listed in ([["push"]], [])  # of the era before, which has no streams


def test_a_type_that_the_user_may_not_see_seems_not_to_exist(agent: Agent) -> None:
    restrict(STATUS)
    there_is_none = agent.error("events/poll", name="no_such_type")
    hidden = agent.error("events/poll", name=STATUS)
    assert hidden == {**there_is_none, "message": there_is_none["message"].replace("no_such_type", STATUS)}
    listed = {each["name"] for each in agent.result("events/list")["events"]}
    assert STATUS not in listed
    assert OTHER in listed


def test_the_list_says_what_each_filter_takes(agent: Agent) -> None:
    (status,) = [each for each in agent.result("events/list")["events"] if each["name"] == STATUS]
    assert status["delivery"][0] == "poll"
    assert status["payloadSchema"]["required"] == ["severity"]
    takes = status["inputSchema"]["properties"]["severity"]["anyOf"]
    assert takes[0] == {"type": "string", "enum": ["info", "warning", "error", "critical"]}
    assert takes[1]["items"] == takes[0]
