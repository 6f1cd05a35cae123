"""Several servers of the channel layer: which of them carries what is known as channels_redis does it."""

from __future__ import annotations

import pytest
from channels_redis.pubsub import RedisPubSubLoopLayer
from pytest_django import Settings

from events.notify.doorbell import group_of
from events.notify.servers import Reach, channel_at, group_at, server_of_channel, server_of_group


@pytest.fixture(params=[1, 2, 3, 7])
def hosts(request: pytest.FixtureRequest, settings: Settings) -> list[str]:
    hosts = [f"redis://{number}" for number in range(request.param)]
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "…", "CONFIG": {"hosts": hosts}}}
    return hosts


def test_channels_and_groups_are_looked_for_where_the_layer_puts_them(hosts: list[str]) -> None:
    layer = RedisPubSubLoopLayer(hosts=hosts)
    for name in map(str, range(500)):
        assert layer._get_shard(name) is layer._shards[server_of_channel(name)]
        group = group_of(name)
        assert layer._get_shard(layer._get_group_channel_name(group)) is layer._shards[server_of_group(group)]
    for server in range(len(hosts)):
        assert (server_of_channel(channel_at(server, "x")), server_of_group(group_at(server, "x"))) == (server, server)


@pytest.mark.parametrize("hosts", [2], indirect=True)
def test_a_server_that_fails_beside_one_that_works_is_told_once(hosts: list[str]) -> None:
    groups = {server_of_group(group_of(str(number))): group_of(str(number)) for number in range(100)}
    reach = Reach()
    assert [(reach.lost(groups[0]), reach.works(groups[1])) for _ in range(3)] == [(True, 0), (False, 0), (False, 0)]
    assert reach.works(groups[0]) == 3
    assert reach.works(groups[0]) == 0
