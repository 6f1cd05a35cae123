"""Which channel-layer groups a process is in: at each server of the layer those of its sockets' event types."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.layers import get_channel_layer

from events.notify.servers import count_servers, server_of_group
from subscriptions.channel_layer.at_server import GroupsAtServer
from subscriptions.component_health import CHANNEL_LAYER, ComponentHealth


class Groups:
    """Joins and leaves in the background, so that a slow or absent layer delays nobody."""

    def __init__(self, hear: Callable[[dict[str, Any]], None], health: ComponentHealth) -> None:
        self._layer = get_channel_layer()
        self._health = health
        self._silent: set[int] = set()  # numbers of servers
        self._servers = [
            GroupsAtServer(self._layer, each, hear, partial(self._lost, each), partial(self._back, each))
            for each in range(count_servers())
        ]

    @property
    def joined(self) -> set[str]:
        return {group for each in self._servers for group in each.joined}

    @property
    def failing(self) -> bool:
        """Return whether some could not be joined or left when that was last tried."""
        return any(each.failing for each in self._servers)

    def start(self) -> None:
        if self._layer is not None:
            for each in self._servers:
                each.start()

    def want(self, groups: set[str]) -> None:
        for server, each in enumerate(self._servers):
            each.want({group for group in groups if server_of_group(group) == server})

    def beat(self) -> None:
        """Find out whether the layer is there. Called about once a second."""
        for each in self._servers:
            each.beat()

    async def stop(self) -> None:
        await asyncio.gather(*(each.stop() for each in self._servers))

    def _lost(self, server: int) -> None:
        self._silent.add(server)
        self._health.lost(CHANNEL_LAYER, "no message comes through")

    def _back(self, server: int) -> None:
        self._silent.discard(server)
        if not self._silent:
            self._health.back(CHANNEL_LAYER)
