"""What a server may answer when it is asked for events: all of it has bounds, and what is no event is left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from eventhub.environment import network
from events.mcp.mirror import asking
from events.mcp.mirror.asking import Visit, visiting
from events.mcp.probe import Auth, Era, Target, new_client
from events.mcp.probe.eras import EVENTS, offers_events
from events.mcp.probe.failures import NotMcp
from events.outbound.address import AddressGuard
from tests.cases import each_case
from tests.mcp.misbehaving import INITIALIZED, Misbehaving, Request
from tests.waiting import WITHIN_S

SECRET = "a-long-secret"
GOOD = {"eventId": "1", "name": "deploy", "timestamp": "2026-01-31T12:00:00Z", "data": {"a": 1}}


async def asked(
    result: object, ask: Callable[[Visit], Any], monkeypatch: pytest.MonkeyPatch, era: Era = Era.MODERN
) -> tuple[Any, list[dict[str, Any]]]:
    """What comes of a question to which this is the answer, and what the server was asked."""
    monkeypatch.setenv("MCP_SECRET_HUB", SECRET)

    async def answer(request: Request) -> None:
        if request.method == "notifications/initialized":
            return await request.reply(202)
        return await request.result(INITIALIZED if request.method == "initialize" else result)

    guard = AddressGuard(allowed_networks=(network("127.0.0.0/8"),))
    with Misbehaving(behaviours={"hub": answer}) as server:
        origin = f"http://127.0.0.1:{server.port}"
        target = Target(
            f"{origin}/hub",
            timeout_s=WITHIN_S,
            auth=Auth.BEARER,
            secret_reference="env:MCP_SECRET_HUB",
            secret_origins=frozenset([origin]),
            era=era,
        )
        async with new_client(guard) as client, visiting(client, target) as visit:
            answered = await ask(visit)
        return answered, [request.body for request in server.requests]


@pytest.mark.parametrize("era", [Era.MODERN, Era.LEGACY])
async def test_events_come_as_they_were_sent_but_for_our_own_secret(era: Era, monkeypatch: pytest.MonkeyPatch) -> None:
    echo = {**GOOD, "eventId": "2", "data": {"text": f"You sent {SECRET}."}}
    polled = {"events": [GOOD, echo], "cursor": "c2", "truncated": True, "hasMore": True, "nextPollMs": 2000}
    answer, (*_, question) = await asked(polled, lambda visit: visit.poll("deploy", "c1"), monkeypatch, era)
    assert [(each.id, each.data) for each in answer.events] == [("1", {"a": 1}), ("2", {"text": "You sent ***."})]
    assert (answer.cursor, answer.truncated, answer.has_more, answer.next_poll_s) == ("c2", True, True, 2)
    assert question["params"]["cursor"] == "c1"


async def test_what_is_no_event_is_counted_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [1, {}, {**GOOD, "eventId": 5}, {**GOOD, "data": []}, GOOD]
    answer, _ = await asked({"events": odd, "cursor": "c"}, lambda visit: visit.poll("deploy", ""), monkeypatch)
    assert (len(answer.events), answer.refused) == (1, 4)


@pytest.mark.parametrize(("wanted", "granted"), [(-1, 1), (0, 1), (10**12, 300)])
async def test_a_server_is_polled_neither_without_a_pause_nor_hardly_ever(
    wanted: int, granted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    polled = {"events": [], "cursor": "c", "nextPollMs": wanted, "hasMore": True}
    answer, _ = await asked(polled, lambda visit: visit.poll("deploy", "c"), monkeypatch)
    assert answer.next_poll_s == granted
    assert not answer.has_more, "it goes nowhere"


@each_case(
    "polled",
    [
        {"events": "none", "cursor": "c"},
        {"events": []},
        {"events": [], "cursor": "c" * 2001},
        {"events": [], "cursor": "a\u0000b"},
        {"events": [GOOD] * 101, "cursor": "c"},
    ],
)
async def test_an_answer_that_leads_nowhere_is_refused_in_a_sentence(
    polled: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotMcp, match=r"events/poll .*\."):
        await asked(polled, lambda visit: visit.poll("deploy", "c"), monkeypatch)


async def test_a_page_that_is_too_long_is_asked_for_event_by_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "MOST_BYTES", 1000)
    seen: list[int] = []

    async def poll(visit: Visit) -> None:
        ask = visit._ask

        async def counted(method: str, params: Any) -> Any:
            seen.append(params["maxEvents"])
            return await ask(method, params)

        monkeypatch.setattr(visit, "_ask", counted)
        await visit.poll("deploy", "c")

    with pytest.raises(NotMcp, match="longer than 1,000 bytes"):
        await asked({"events": [{**GOOD, "data": {"a": "x" * 2000}}], "cursor": "c"}, poll, monkeypatch)
    assert seen == [100, 1]


async def test_of_a_list_only_what_can_be_polled_and_named_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = {"type": "object", "properties": {"service": {"type": "string"}}}
    listed: list[Any] = [
        {"name": "deploy", "description": "A\nB", "delivery": ["poll"], "payloadSchema": schema},
        {"name": "pushed", "delivery": ["push"], "payloadSchema": True},
        {"name": "long", "delivery": ["poll"], "payloadSchema": {"x": "y" * 20_000}},
        {"name": "nul", "delivery": ["poll"], "payloadSchema": {"x": "\u0000"}},
        {"name": "a\u0000b", "delivery": ["poll"]},
        {"name": f"you sent {SECRET}", "delivery": ["poll"]},
        {"name": "n" * 121, "delivery": ["poll"]},
        {"delivery": ["poll"]},
        "deploy",
    ]
    offers, _ = await asked({"events": listed}, lambda visit: visit.offers(), monkeypatch)
    assert offers == [("deploy", "A B", schema), ("long", "", {}), ("nul", "", {})]


@each_case(
    ("capabilities", "offers"),
    [
        ({"events": {}}, True),
        ({"extensions": {EVENTS: {"listChanged": False}}}, True),
        ({"tools": {}, "extensions": {"other": {}}}, False),
        ({"extensions": [EVENTS]}, False),
        (None, False),
    ],
)
def test_a_server_says_in_either_place_that_it_offers_events(capabilities: object, offers: bool) -> None:
    assert offers_events(capabilities) is offers
