"""All forms of the outbox keep the same promises: order, bounds, and that nobody waits for a client."""

from __future__ import annotations

import asyncio
from unittest.mock import AsyncMock

import pytest

from subscriptions.outbox import base, direct, frames, queued
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending
from tests.subscriptions.peers import LanePeer, QueuePeer, StreamPeer, texts_of
from tests.waiting import WITHIN_S, aeventually

HALF = "x" * (base.MAX_UNSENT_AT_BATCH // 2 + 1)


Peer = QueuePeer | LanePeer


@pytest.fixture(params=[QueuePeer, LanePeer, StreamPeer], ids=["queue", "lane", "stream"])
async def peer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Peer:
    monkeypatch.setattr(frames, "block_of", lambda text: f"data: {text}\n\n".encode())  # these texts are no messages
    made: Peer = request.param()
    return made


def offer(peer: Peer, *texts: str) -> None:
    for text in texts:
        peer.outbox.offer(Frame(text))
    peer.outbox.flush()


async def test_frames_arrive_whole_and_in_order(peer: Peer) -> None:
    sizes = [0, 125, 126, 65535, 65536, 70000]
    texts = ["é" * (size // 2) for size in sizes]
    offer(peer, *texts)
    offer(peer, "last")
    await aeventually(lambda: peer.texts == [*texts, "last"])


async def test_bytes_are_made_when_first_asked_for_and_are_the_same_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    one, many = Frame("one"), Frames([Frame("two"), Frame("three")])
    written: list[bytes] = []
    for peer in (LanePeer(), LanePeer()):
        monkeypatch.setattr(peer, "write", written.append)
        for each in (one, many):
            assert bool(each.websocket) == (len(written) >= 2)
            peer.outbox.send(each)
    assert written[0] is written[2]
    assert written[1] is written[3]
    assert list(texts_of(b"".join(written))) == ["one", "two", "three"] * 2


async def test_a_transport_that_writes_text_has_no_bytes_made() -> None:
    peer, one, many = QueuePeer(), Frame("one"), Frames([Frame("two"), Frame("three")])
    for each in (one, many):
        peer.outbox.send(each)
    await aeventually(lambda: peer.texts == ["one", "two", "three"])
    assert [one.websocket, many.websocket, *(frame.websocket for frame in many.each)] == [b""] * 4


async def test_one_write_takes_all_that_a_slice_has(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    peers = [LanePeer() for _ in range(3)]
    for each in peers:
        monkeypatch.setattr(each, "write", written.append)
    events = [Frame(f"event {number}") for number in range(10)]
    for each in peers:
        for frame in events[: 9 if each is peers[2] else 10]:
            each.outbox.offer(frame)
    for each in peers:
        each.outbox.flush()
    assert len(written) == 3
    assert written[0] is written[1]  # joined once for both
    assert list(texts_of(written[2])) == [f"event {number}" for number in range(9)]


async def test_a_peer_that_still_has_much_to_come_when_more_arrives_is_closed(peer: Peer) -> None:
    peer.stall()
    for _ in range(2):
        offer(peer, HALF)
        assert not peer.outbox.closing
    offer(peer, "more")
    assert peer.outbox.closing
    peer.read()
    await aeventually(lambda: peer.closed == [Ending.TOO_SLOW])
    assert "more" not in peer.texts


async def test_the_hard_cap_holds_within_a_slice(peer: Peer) -> None:
    peer.stall()
    offer(peer, *["x" * 1024] * (base.MAX_UNSENT // 1024 + 2))
    assert peer.outbox.closing
    assert peer.outbox.unsent <= base.MAX_UNSENT + 64 * 1024


async def test_a_peer_that_takes_nothing_is_closed_and_one_that_reads_is_not(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (queued, direct):
        monkeypatch.setattr(module, "MAX_STALL", -1.0)
    offer(peer, "read")
    await aeventually(lambda: peer.outbox.unsent == 0)
    peer.outbox.check_progress(asyncio.get_running_loop().time())
    assert not peer.outbox.closing
    peer.stall()
    offer(peer, "never read")
    peer.outbox.check_progress(asyncio.get_running_loop().time())
    peer.outbox.check_progress(asyncio.get_running_loop().time())
    assert peer.outbox.closing


async def test_closing_comes_once_and_nothing_after_it(peer: Peer) -> None:
    offer(peer, "before")
    await aeventually(lambda: peer.texts == ["before"])
    peer.outbox.offer(Frame("not flushed"))
    peer.outbox.close(Ending.EPOCH_CHANGED)
    peer.outbox.close(Ending.TOO_SLOW)
    peer.outbox.offer(Frame("after"))
    assert not peer.outbox.unsent  # it is not even kept
    offer(peer, "after")
    await aeventually(lambda: peer.closed)
    await peer.outbox.stop()
    assert peer.closed == [Ending.EPOCH_CHANGED]
    assert peer.texts == ["before"]


async def test_room_is_waited_for_until_the_peer_has_read(peer: Peer) -> None:
    peer.stall()
    offer(peer, "x" * 1000, "y" * 1000)
    assert peer.outbox.unsent >= 1000
    waiting = asyncio.create_task(peer.outbox.room(100))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    peer.read()
    await waiting
    assert peer.outbox.unsent <= 100


async def test_room_does_not_spin_while_a_lane_flows_with_more_than_that_unsent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    peer = LanePeer()
    peer.unsent = 1000  # below what uvicorn stops at
    flowing = AsyncMock(side_effect=[None, AssertionError("asked again, without a turn of the loop")])
    monkeypatch.setattr(peer, "flowing", flowing)
    await peer.outbox.room(100)
    flowing.assert_awaited_once_with()


async def test_room_is_waited_for_no_longer_than_the_outbox_is_open(peer: Peer) -> None:
    peer.stall()
    offer(peer, "x" * 1000, "y" * 1000)
    waiting = asyncio.create_task(peer.outbox.room(100))
    for _ in range(2):
        await asyncio.sleep(0)
    peer.outbox.close(Ending.EPOCH_CHANGED)
    async with asyncio.timeout(WITHIN_S):
        await waiting
    peer.read()
    await peer.outbox.stop()


async def test_what_waits_for_flush_counts_as_unsent(peer: Peer) -> None:
    for text in ("x" * 10, "y" * 20):
        peer.outbox.offer(Frame(text))
    assert peer.outbox.unsent == 30
    peer.outbox.offer(Frame("z"))
    assert peer.outbox.unsent == 31
    peer.outbox.flush()
    await aeventually(lambda: peer.outbox.unsent == 0)
