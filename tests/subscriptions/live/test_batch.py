"""A batch of events: each connection gets those that it asks for, in order, once, in one write."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from events.access.identity import Identity
from events.core.event_types import Viewer
from events.core.filters import Condition, Filter
from events.core.records import LoggedEvent
from subscriptions.clients.connection import Connection
from subscriptions.live import batch
from subscriptions.live.batch import Batch
from subscriptions.matching.matcher import Matcher
from subscriptions.protocol.endings import Ending
from subscriptions.recent.entries import Entry
from tests.subscriptions.peers import LanePeer

TYPE = "fruit"
WHO = Identity(1, "alice", Viewer(), access=0)


def named(*names: str) -> Filter:
    return (Condition("names", "name", "in", number=False, values=names),) if names else ()


class Peer(LanePeer):
    """A connection that has been served up to a position."""

    def __init__(self, sent_up_to: float = 0) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.connection = Connection(WHO, "", self.outbox, 0.0)
        self.connection.sent_up_to = sent_up_to

    def take(self, frames: bytes) -> None:
        super().take(frames)
        self.written.append(frames)

    @property
    def positions(self) -> list[int]:
        return [int(msgspec.json.decode(text)["id"].rpartition("-")[2]) for text in self.texts]


@pytest.fixture
def matcher() -> Matcher[Connection]:
    return Matcher()


def entry(position: int, name: str) -> Entry:
    return Entry(LoggedEvent(position, TYPE, datetime.now(UTC), f'{{"name":"{name}"}}'), "0" * 16)


def deliver(matcher: Matcher[Connection], *names: str, first: int = 1) -> None:
    batch_of(matcher, *names, first=first).deliver()


def batch_of(matcher: Matcher[Connection], *names: str, first: int = 1) -> Batch:
    new = Batch()
    for position, name in enumerate(names, first):
        event = entry(position, name)
        if hits := matcher.hits(TYPE, event.payload):
            new.add(event, hits)
    return new


async def test_events_for_the_same_connections_are_joined_once_and_written_at_once(matcher: Matcher[Any]) -> None:
    peers = [Peer() for _ in range(3)]
    for number, peer in enumerate(peers):
        matcher.add(TYPE, named("apple", str(number)), peer.connection)
    deliver(matcher, "apple", "apple", "apple")
    for peer in peers:
        assert peer.positions == [1, 2, 3]
        [written] = peer.written
        assert written is peers[0].written[0]


async def test_events_for_others_come_in_order_and_in_one_write_too(matcher: Matcher[Any]) -> None:
    everything, apples, pears = Peer(), Peer(), Peer()
    matcher.add(TYPE, named(), everything.connection)
    matcher.add(TYPE, named("apple"), apples.connection)
    matcher.add(TYPE, named("pear"), pears.connection)
    deliver(matcher, "apple", "pear", "apple", "apple", "fig", "pear")
    assert everything.positions == [1, 2, 3, 4, 5, 6]
    assert apples.positions == [1, 3, 4]
    assert pears.positions == [2, 6]
    assert [len(peer.written) for peer in (everything, apples, pears)] == [1, 1, 1]


@pytest.mark.parametrize("names", [("apple",), ("apple", "apple"), ("apple", "pear", "apple")])
async def test_a_connection_with_several_filters_that_match_gets_an_event_once(
    matcher: Matcher[Any], names: tuple[str, ...]
) -> None:
    several, crowd = Peer(), Peer()
    for filter in (named(), named("apple"), named("apple", "pear"), named("apple")):
        matcher.add(TYPE, filter, several.connection)
    matcher.add(TYPE, named("apple"), crowd.connection)
    deliver(matcher, *names)
    assert several.positions == list(range(1, len(names) + 1))
    assert crowd.positions == [position for position, name in enumerate(names, 1) if name == "apple"]


@pytest.mark.parametrize("names", [("apple",) * 4, ("apple", "pear", "apple", "pear")])
@pytest.mark.parametrize(("sent_up_to", "expected"), [(4, [5, 6, 7, 8]), (6, [7, 8]), (8, []), (math.inf, [])])
async def test_what_a_connection_has_had_is_left_out(
    matcher: Matcher[Any], names: tuple[str, ...], sent_up_to: float, expected: list[int]
) -> None:
    peer, other = Peer(sent_up_to), Peer()
    matcher.add(TYPE, named(), peer.connection)
    matcher.add(TYPE, named("apple"), other.connection)
    deliver(matcher, *names, first=5)
    assert peer.positions == expected
    assert peer.connection.sent_up_to == max(sent_up_to, 8)


async def test_a_batch_is_full_before_it_could_block_for_long(
    matcher: Matcher[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MAX_OFFERS", 3)
    for name in ("apple", "pear"):
        matcher.add(TYPE, named(name), Peer().connection)
        matcher.add(TYPE, named(name, "fig"), Peer().connection)
    joined = batch_of(matcher, "apple", "apple", "apple")
    assert not joined.is_full  # one write for each, however many events
    assert batch_of(matcher, "apple", "pear").is_full
    monkeypatch.setattr(batch, "MAX_CHARACTERS", 50)
    assert joined.is_full


@pytest.mark.parametrize("names", [("apple",), ("apple", "pear")])
async def test_a_connection_that_cannot_be_written_to_costs_the_others_nothing(
    matcher: Matcher[Any], names: tuple[str, ...]
) -> None:
    peers = [Peer() for _ in range(3)]
    for number, peer in enumerate(peers):
        matcher.add(TYPE, named("apple", str(number)), peer.connection)

    def broken(frames: bytes) -> None:
        raise RuntimeError("the transport is broken")

    peers[1].write = broken
    deliver(matcher, *names)
    assert [peer.positions for peer in peers] == [[1], [], [1]]
    assert peers[1].closed == [Ending.INTERNAL_ERROR]


async def test_a_crowd_with_one_filter_fills_a_batch_as_many_with_their_own_do(
    matcher: Matcher[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MAX_OFFERS", 3)
    for name in ("apple", "pear"):
        for _ in range(2):
            matcher.add(TYPE, named(name), Peer().connection)
    assert batch_of(matcher, "apple", "pear").is_full
