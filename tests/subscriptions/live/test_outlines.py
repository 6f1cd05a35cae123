"""Positions of types that nobody of a process asks for are passed over, and nothing that somebody asks for is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test.utils import override_settings

from events.log import reading
from events.notify import doorbell
from events.notify.signed_batch import Outline, PlacedEvents, signed
from subscriptions.live import holes
from subscriptions.live.dispatcher import Dispatcher
from tests.subscriptions.stepped import TYPES, Client, broadcast
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

OURS, OTHER = TYPES
Message = dict[str, Any]


@pytest.fixture
async def client(dispatcher: Dispatcher) -> Client:
    client = Client(dispatcher)
    await client.do("subscribe", event_types=[OURS])
    return client


@pytest.fixture
async def rings(dispatcher: Dispatcher) -> list[Message]:
    """What is rung for an event of ours, three others and one of ours: doorbells, as far as this process is in their
    groups, and outlines."""
    await broadcast({"mcp_name": "a"})
    for _ in range(3):
        await broadcast({"mcp_name": "b", "reason": "r"}, type=OTHER)
    await broadcast({"mcp_name": "c"})
    events = (await sync_to_async(reading.read_after)(0, 10)).events
    assert [each.type for each in events] == [OURS, OTHER, OTHER, OTHER, OURS]
    epoch = dispatcher.hub.epoch
    return [
        {"type": "doorbell", "control": False, **signed(PlacedEvents(epoch, events[:1]))},
        outline(epoch),
        {"type": "doorbell", "control": False, **signed(PlacedEvents(epoch, events[4:]))},
    ]


def outline(epoch: str) -> Message:
    return {"type": doorbell.OUTLINE, **signed(Outline(epoch, {OURS: [5], OTHER: [2, 3, 4]}))}


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which positions the log has been read for live events."""
    positions: list[int] = []
    read_after = reading.read_after

    def noted(position: int, *args: Any) -> Any:
        positions.append(position)
        return read_after(position, *args)

    monkeypatch.setattr(reading, "read_after", noted)
    return positions


async def hear(dispatcher: Dispatcher, *messages: Message) -> None:
    for message in messages:
        dispatcher.follower.hear(message)
        await dispatcher.follower.step()


async def test_what_an_outline_says_is_of_other_types_is_not_read(
    dispatcher: Dispatcher, client: Client, rings: list[Message], reads: list[int]
) -> None:
    await hear(dispatcher, *rings)
    await aeventually(lambda: client.positions == [1, 5])
    assert (dispatcher.hub.position, reads) == (5, [])


async def test_an_outline_alone_moves_the_position_that_clients_are_told(
    dispatcher: Dispatcher, client: Client, rings: list[Message], reads: list[int]
) -> None:
    await hear(dispatcher, *rings[:2])
    assert (await client.do("ping"))["position"].endswith("-4")
    assert reads == []


async def test_whoever_asks_for_what_was_passed_over_gets_it_from_the_log(
    dispatcher: Dispatcher, client: Client, rings: list[Message]
) -> None:
    await hear(dispatcher, *rings)
    later = Client(dispatcher)
    after = dispatcher.hub.position_id_of(1)
    await later.do("resume", after=after, subscriptions=[{"event_types": [OURS, OTHER]}])
    await aeventually(lambda: later.positions == [2, 3, 4, 5])
    again = Client(dispatcher)
    await again.do("resume", after=after, subscriptions=[{"event_types": [OURS]}])
    await aeventually(lambda: again.positions == [5])


async def test_a_type_that_somebody_has_begun_to_ask_for_is_not_passed_over(
    dispatcher: Dispatcher, client: Client, rings: list[Message], reads: list[int]
) -> None:
    await hear(dispatcher, rings[0])
    dispatcher.follower.hear(rings[1])
    await client.do("subscribe", event_types=[OTHER])
    await hear(dispatcher, rings[2])
    await aeventually(lambda: client.positions == [1, 2, 3, 4, 5])
    assert reads == [1]


def signed_by_another(epoch: str) -> Message:
    with override_settings(SECRET_KEY="another installation's"):
        return outline(epoch)


@pytest.mark.parametrize(
    "wrong", [signed_by_another, lambda _: outline("0" * 16), lambda epoch: {"type": doorbell.OUTLINE}]
)
async def test_an_outline_of_a_stranger_or_of_another_log_counts_nothing(
    dispatcher: Dispatcher, client: Client, rings: list[Message], reads: list[int], wrong: Callable[[str], Message]
) -> None:
    await hear(dispatcher, rings[0])
    dispatcher.follower.hear(wrong(dispatcher.hub.epoch))
    await hear(dispatcher, rings[2])
    await aeventually(lambda: client.positions == [1, 5])
    assert reads == [1]


async def test_outlines_are_listened_to_when_there_are_many_holes_and_may_come_a_little_late(
    dispatcher: Dispatcher,
    client: Client,
    rings: list[Message],
    reads: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holes, "MANY", 1)
    monkeypatch.setattr(holes, "LATE_S", 3600.0)
    follower = dispatcher.follower
    await hear(dispatcher, rings[0], rings[2])
    assert (reads, follower.holes.wants_outlines) == ([1], False)
    follower.request_poll()
    await follower.step()
    assert follower.holes.wants_outlines
    reads.clear()

    await broadcast({"mcp_name": "d", "reason": "r"}, type=OTHER)
    await broadcast({"mcp_name": "e"})
    (_, event) = (await sync_to_async(reading.read_after)(5, 10)).events
    reads.clear()
    epoch = dispatcher.hub.epoch
    await hear(dispatcher, {"type": "doorbell", "control": False, **signed(PlacedEvents(epoch, [event]))})
    assert (dispatcher.hub.position, reads) == (5, [])
    await hear(dispatcher, {"type": doorbell.OUTLINE, **signed(Outline(epoch, {OTHER: [6]}))})
    await aeventually(lambda: client.positions == [1, 5, 7])
    assert reads == []


async def test_an_outline_that_does_not_come_is_waited_for_shortly(
    dispatcher: Dispatcher, client: Client, rings: list[Message], reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holes, "MANY", 0)
    follower = dispatcher.follower
    follower.holes.polled()
    await hear(dispatcher, rings[0])
    await hear(dispatcher, rings[2])
    follower.woken.clear()
    await aeventually(follower.woken.is_set)
    assert reads == []
    await follower.step()
    await aeventually(lambda: client.positions == [1, 5])
    assert reads == [1]


async def hear_after_a_hole(dispatcher: Dispatcher) -> None:
    """Hear of an event of ours that comes after one of another type, and of that nothing."""
    await broadcast({"mcp_name": "d", "reason": "r"}, type=OTHER)
    await broadcast({"mcp_name": "e"})
    head = await sync_to_async(reading.head)()
    events = (await sync_to_async(reading.read_before)(head.position + 1, 1)).events
    await hear(dispatcher, {"type": "doorbell", "control": False, **signed(PlacedEvents(head.epoch, events))})


async def test_outlines_that_do_not_come_are_waited_for_once_until_one_comes_again(
    dispatcher: Dispatcher, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holes, "MANY", 0)
    monkeypatch.setattr(holes, "LATE_S", 0.0)
    dispatcher.follower.request_poll()
    await hear_after_a_hole(dispatcher)
    assert dispatcher.follower.holes.wants_outlines
    await hear_after_a_hole(dispatcher)
    monkeypatch.setattr(holes, "LATE_S", 3600.0)
    await hear_after_a_hole(dispatcher)
    assert dispatcher.hub.position == 6
    await hear(dispatcher, {"type": doorbell.OUTLINE, **signed(Outline(dispatcher.hub.epoch, {OTHER: [9]}))})
    await hear_after_a_hole(dispatcher)
    assert dispatcher.hub.position == 6
