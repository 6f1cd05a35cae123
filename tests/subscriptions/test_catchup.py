"""Each event once: whatever is subscribed, replayed, changed and ended while events pour in and the dispatcher lags."""

from __future__ import annotations

import asyncio
import math
import random
from functools import partial
from typing import Any

import pytest

from events.core.filters import matches
from events.log import pages
from subscriptions.protocol import commands as protocol
from subscriptions.replay import catch_up, request
from tests.settings import examples
from tests.subscriptions.peers import LanePeer, QueuePeer
from tests.subscriptions.stepped import TYPES, Client, PeerKind, broadcast, number, stepped
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

NAMES = ("a", "b", "c")


async def test_a_replay_sends_what_was_missed_and_then_goes_on_live() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        start = (await client.do("ping"))["position"]
        await broadcast({"mcp_name": "a"}, {"mcp_name": "b"}, {"mcp_name": "a"})
        await dispatcher.follower.step()
        reply = await client.do("subscribe", event_types=[TYPES[0]], filters={"mcp_names": "a"}, after=start)
        assert reply["replaying"] is True
        await aeventually(lambda: client.all_of("replayed"))
        [replayed] = client.all_of("replayed")
        assert (replayed["count"], replayed["complete"]) == (2, True)
        assert replayed["subscription_id"] == reply["subscription_id"]
        assert number(replayed["position"]) == 3
        await broadcast({"mcp_name": "a"})
        await dispatcher.follower.step()
        await aeventually(lambda: client.positions == [1, 3, 4])


async def test_the_last_events_that_match_come_oldest_first() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        await broadcast(*({"mcp_name": name} for name in "abababab"))
        await dispatcher.follower.step()
        await client.do("subscribe", event_types=[TYPES[0]], filters={"mcp_names": "a"}, last=3)
        await aeventually(lambda: client.all_of("replayed"))
        assert client.positions == [3, 5, 7]
        await client.do("subscribe", event_types=[TYPES[0]], last=100)
        await aeventually(lambda: len(client.all_of("replayed")) == 2)
        assert sorted(client.positions) == list(range(1, 9))


async def test_as_many_of_the_last_events_as_a_replay_may_send_are_a_complete_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request, "MAX_SENT", 3)
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        await broadcast(*({"mcp_name": "a"} for _ in range(8)))
        await dispatcher.follower.step()
        await client.do("subscribe", event_types=[TYPES[0]], last=3)
        await aeventually(lambda: client.all_of("replayed"))
        [replayed] = client.all_of("replayed")
        assert (replayed["count"], replayed["complete"]) == (3, True)
        assert client.positions == [6, 7, 8]


async def test_a_whole_connection_resumes_with_each_event_once_and_in_order() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        start = (await client.do("ping"))["position"]
        await broadcast(*({"mcp_name": name} for name in "abcabc"))
        await dispatcher.follower.step()
        asked = [
            {"event_types": [TYPES[0]], "filters": {"mcp_names": ["a", "b"]}},
            {"event_types": [TYPES[0]], "filters": {"mcp_names": ["b", "c"]}},
        ]
        resumed = await client.do("resume", after=start, subscriptions=asked)
        assert [each["filters"] for each in resumed["subscriptions"]] == [each["filters"] for each in asked]
        await aeventually(lambda: client.all_of("replayed"))
        assert client.positions == [1, 2, 3, 4, 5, 6]
        assert "subscription_id" not in client.all_of("replayed")[0]


async def test_a_resume_is_all_or_nothing() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        start = (await client.do("ping"))["position"]
        asked = [{"event_types": [TYPES[0]]}, {"event_types": ["nope"]}]
        with pytest.raises(protocol.Refusal):
            await client.do("resume", after=start, subscriptions=asked)
        assert (await client.do("list_subscriptions"))["subscriptions"] == []


async def test_a_position_of_another_log_or_of_the_future_is_answered_with_a_gap() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        await broadcast({"mcp_name": "a"})
        for after in ("0" * 16 + "-0", f"{dispatcher.hub.epoch}-99"):
            client.messages.clear()
            await client.do("subscribe", event_types=[TYPES[0]], after=after)
            await aeventually(lambda: client.all_of("replayed"))
            [replayed] = client.all_of("replayed")
            assert (replayed["complete"], replayed["reason"]) == (False, "epoch")
        with pytest.raises(protocol.Refusal, match='"yesterday" is not a position'):
            await client.do("subscribe", event_types=[TYPES[0]], after="yesterday")


async def test_a_process_that_lags_neither_loses_nor_doubles() -> None:
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        await broadcast(*({"mcp_name": "a"} for _ in range(5)))  # the dispatcher has not seen them
        await client.do("subscribe", event_types=[TYPES[0]], after=f"{dispatcher.hub.epoch}-3")
        await aeventually(lambda: client.all_of("replayed"))
        assert number(client.all_of("replayed")[0]["position"]) == 5
        await dispatcher.follower.step()
        await broadcast({"mcp_name": "a"})
        await dispatcher.follower.step()
        await aeventually(lambda: client.positions == [4, 5, 6])


async def test_a_replay_that_is_too_long_says_where_it_stopped_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(request, "MAX_SENT", 3)
    async with stepped() as dispatcher:
        client = Client(dispatcher)
        start = (await client.do("ping"))["position"]
        await client.do("subscribe", event_types=[TYPES[0]], filters={"mcp_names": "b"})
        await broadcast(*({"mcp_name": name} for name in "aaaaaab"))
        await dispatcher.follower.step()
        await client.do("subscribe", event_types=[TYPES[0]], after=start)
        await aeventually(lambda: client.all_of("replayed"))
        [replayed] = client.all_of("replayed")
        assert (replayed["count"], replayed["complete"], replayed["reason"]) == (3, False, "limit")
        assert number(replayed["next_after"]) == 3
        await broadcast({"mcp_name": "b"}, {"mcp_name": "c"})
        await dispatcher.follower.step()
        await aeventually(lambda: client.positions == [7, 1, 2, 3, 8, 9])


@pytest.mark.parametrize("kind", [QueuePeer, LanePeer])
@pytest.mark.parametrize("seed", range(examples(30)))
async def test_each_event_once_whatever_is_mixed(seed: int, kind: PeerKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a model: from the replies of the real thing it notes which subscription asks for which positions."""
    monkeypatch.setattr(*((catch_up, "PAGE", 3), (pages, "MAX_BYTES", 100))[seed % 2])  # 100: two events
    chance = random.Random(seed)
    async with stepped() as dispatcher:
        client = Client(dispatcher, kind=kind)
        logged: dict[int, tuple[str, dict[str, Any]]] = {}
        asked: dict[str, tuple[int, Any]] = {}  # subscription → where what it asks for now begins, its filters
        due: list[tuple[float, float, Any]] = []  # from, to, filters: must be sent
        ended: list[tuple[float, float, Any]] = []  # may have been sent

        def wanted() -> dict[str, Any]:
            filters = {"mcp_names": chance.sample(NAMES, chance.randint(0, 2))}
            return {"event_types": chance.sample(TYPES, chance.randint(1, 2)), "filters": filters}

        for _ in range(60):
            match chance.choice(
                ["broadcast"] * 3 + ["step", "yield", "yield", "new", "after", "last", "change", "end"]
            ):
                case "broadcast":
                    type = chance.choice(TYPES)
                    batch = [{"mcp_name": chance.choice(NAMES)} for _ in range(chance.randint(1, 4))]
                    for data in batch:
                        logged[len(logged) + 1] = (type, data)
                    await broadcast(*batch, type=type)
                case "step":
                    await dispatcher.follower.step()
                case "yield":
                    await asyncio.sleep(chance.choice([0, 0.001, 0.01]))
                case "new" | "after" | "last" as way if len(asked) < 4:
                    members: dict[str, Any] = {}
                    if way == "after":
                        members["after"] = f"{dispatcher.hub.epoch}-{chance.randint(0, dispatcher.hub.position)}"
                    elif way == "last":
                        members["last"] = chance.randint(1, 5)
                    reply = await client.do("subscribe", **wanted(), **members)
                    id = reply["subscription_id"]
                    of_type = client.connection.subscriptions[id].of_type
                    if way == "last":  # it begins where its replay has found the first: known when that is done
                        await aeventually(partial(client.replayed, id))
                    begins = client.connection.subscriptions[id].start
                    asked[id] = (begins, of_type)
                case "change" if asked:
                    id = chance.choice(list(asked))
                    begins, before = asked[id]
                    await client.do("update_subscription", subscription_id=id, **wanted())
                    subscription = client.connection.subscriptions[id]
                    due.append((begins, subscription.start, before))
                    asked[id] = (subscription.start, subscription.of_type)
                case "end" if asked:
                    id = chance.choice(list(asked))
                    begins, of_type = asked.pop(id)
                    await client.do("unsubscribe", subscription_id=id)
                    ended.append((begins, len(logged), of_type))
        await dispatcher.follower.step()
        await aeventually(lambda: client.connection.backlog is None)
        await dispatcher.follower.step()
        await client.do("ping")
        due += [(begins, math.inf, of_type) for begins, of_type in asked.values()]

        def in_any(intervals: list[tuple[float, float, Any]], position: int) -> bool:
            type, data = logged[position]
            return any(
                starts < position <= ends and type in of_type and matches(of_type[type], data)
                for starts, ends, of_type in intervals
            )

        sent = client.positions
        assert len(sent) == len(set(sent)), "doubled"
        must = {position for position in logged if in_any(due, position)}
        assert must <= set(sent), "lost"
        may = {position for position in logged if in_any(ended, position)}
        assert set(sent) <= must | may, "leaked"
