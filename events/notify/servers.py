"""Which of several Redis or Valkey servers carries what: channels_redis spreads channels and groups over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from uuid import uuid4
from zlib import crc32

from django.conf import settings
from django.core.signals import setting_changed

PARTS = 4096  # that channels_redis divides the names into
KNOWN_GROUPS = 1024  # whose server and channel are remembered: each ring asks for them several times


def count_servers() -> int:
    """Return how many servers the channel layer has; 1 where that is not known, of a layer of another kind."""
    hosts = settings.CHANNEL_LAYERS.get("default", {}).get("CONFIG", {}).get("hosts")
    return len(hosts) if isinstance(hosts, list) and hosts else 1


def server_of_channel(channel: str) -> int:
    """Return the number of the server, from 0 on."""
    if count_servers() == 1:
        return 0
    return (crc32(channel.encode()) % PARTS) * count_servers() // PARTS


@lru_cache(KNOWN_GROUPS)
def server_of_group(group: str) -> int:
    """Return the same for a group, which is a channel with a longer name."""
    return 0 if count_servers() == 1 else server_of_channel(redis_channel_of(group))


@lru_cache(KNOWN_GROUPS)
def redis_channel_of(group: str) -> str:
    """Return the name of the channel of Redis that carries a group, where `is_pubsub_of_redis`."""
    prefix = settings.CHANNEL_LAYERS.get("default", {}).get("CONFIG", {}).get("prefix", "asgi")
    return f"{prefix}__group__{group}"


def forget_groups(*, setting: str, **_: object) -> None:
    """Find them out anew after a test has changed the setting, as Channels does with its layers."""
    if setting == "CHANNEL_LAYERS":
        server_of_group.cache_clear()
        redis_channel_of.cache_clear()


setting_changed.connect(forget_groups)


def is_pubsub_of_redis(layer: object) -> bool:
    """Return whether this is the layer whose groups are channels of Redis, and none that is derived from it."""
    return (type(layer).__module__, type(layer).__qualname__) == ("channels_redis.pubsub", "RedisPubSubChannelLayer")


def channel_at(server: int, prefix: str) -> str:
    """Return a new name of a channel of the server of this number."""
    return name_at(server, prefix, server_of_channel)


def group_at(server: int, prefix: str) -> str:
    """Return a new name of a group of the server of this number."""
    return name_at(server, prefix, server_of_group)


def name_at(server: int, prefix: str, server_of: Callable[[str], int]) -> str:
    while server_of(name := f"{prefix}.{uuid4().hex}") != server:
        pass
    return name


class Reach:
    """Which servers take doorbells."""

    def __init__(self) -> None:
        self._failing: set[int] = set()
        self._lost = 0  # doorbells since all of them did

    def lost(self, group: str) -> bool:
        """Note that a group's doorbell is lost. Return whether it is the first one since all servers took them."""
        is_first = not self._failing
        self._failing.add(server_of_group(group))
        self._lost += 1
        return is_first

    def works(self, group: str) -> int:
        """Note that a group's doorbell is sent. Return how many were lost, if all servers take them again."""
        if not self._failing:
            return 0
        self._failing.discard(server_of_group(group))
        if self._failing:
            return 0
        lost, self._lost = self._lost, 0
        return lost
