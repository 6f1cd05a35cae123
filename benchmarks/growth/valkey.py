"""What an installation's Valkey says of itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from benchmarks.bench.processes import Failed
from benchmarks.servers.installation import Installation

JOIN_S = 60.0
CHECK_S = 0.001


class Valkey:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def cpu_seconds(self) -> float:
        used = self._client.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    def await_groups(self, pattern: str, count: int) -> None:
        """Until somebody listens to just so many channels of that name. Raises Failed."""
        deadline = time.monotonic() + JOIN_S
        while (now := len(self._client.pubsub_channels(pattern))) != count:
            if time.monotonic() > deadline:
                raise Failed(f"{now} groups are joined after {JOIN_S:g} s, and not {count}")
            time.sleep(CHECK_S)


@contextmanager
def valkey_of(installation: Installation) -> Iterator[Valkey]:
    with redis.Redis.from_url(installation.environment["REDIS_URL"]) as client:
        yield Valkey(client)
