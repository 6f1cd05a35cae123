"""Clients that get into trouble as soon as they have subscribed, are dropped, and come back.

`python -m benchmarks.clients.troubled_clients URL FIRST KIND COUNT`: FIRST is the number of the next event of the
mix, KIND is one of KINDS. It says so when all have subscribed; from then on they read no more than their kind does.

On stdin `{"gone": 60}` waits at most so many seconds until the server has ended all these connections; the answer is
after how many seconds in trouble, for each. At `{"return": 60}` all connect anew and resume; the answer is how long the
last one took. At `{"have": 800, "within": 60}` each must get all events below this number; the answer is how many they
have got, all together.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import sys
import time
from typing import Any, NamedTuple

import uvloop

from benchmarks.bench.processes import FAILED
from benchmarks.clients.feed import Wrong
from benchmarks.clients.mix import EVERYTHING, SELDOM_ONES, Asked, Mix
from benchmarks.clients.resuming_client import Follower

TICK_S = 0.05  # how exactly it is known when a connection ended
SUBSCRIBE_S = 30.0
SLOW_RATE = 8_000  # bytes a second
YIELDING = 10  # niceness: on their core are also the healthy, whom the server is to disturb, and not these


class Kind(NamedTuple):
    asks: Asked
    reads: int  # bytes a second


KINDS = {
    "slow": Kind(EVERYTHING, SLOW_RATE),
    "stalled": Kind(EVERYTHING, 0),
    # So little is sent to it that the kernel takes all: only pings, which it does not answer, can tell.
    "half-open": Kind(SELDOM_ONES, 0),
}


class Client:
    def __init__(self, url: str, kind: Kind, mix: Mix, first: int) -> None:
        self.follower = Follower(url, kind.asks, mix, first)
        self.gone_after: float | None = None  # seconds in trouble
        self._reads = round(kind.reads * TICK_S)
        self._end = select.poll()

    async def begin(self) -> None:
        await self.follower.subscribe()
        self._since = time.monotonic()
        self._end.register(self.follower.socket, select.POLLRDHUP)

    def endure(self) -> None:
        """Read what is this kind's in TICK_S, unless the server has ended the connection."""
        try:
            ended = bool(self._end.poll(0))
            if self._reads and not ended:
                self.follower.read_a_little(self._reads)
        except OSError:
            ended = True
        if ended:
            self.gone_after = time.monotonic() - self._since


class Crowd:
    def __init__(self, clients: list[Client]) -> None:
        self._clients = clients

    async def begin(self) -> None:
        await asyncio.gather(*(client.begin() for client in self._clients))
        self._enduring = asyncio.create_task(self._endure())

    async def _endure(self) -> None:
        """Until all are gone; at an even pace, for slow is not the same as now and then."""
        due = time.monotonic()
        while left := [client for client in self._clients if client.gone_after is None]:
            for client in left:
                client.endure()
            due += TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def answer(self, question: dict[str, float]) -> Any:
        if "gone" in question:
            return await self._gone(question["gone"])
        if "return" in question:
            began = time.monotonic()
            async with asyncio.timeout(question["return"]):
                await asyncio.gather(*(client.follower.resume() for client in self._clients))
            return time.monotonic() - began
        async with asyncio.timeout(question["within"]):
            await asyncio.gather(*(client.follower.have(int(question["have"])) for client in self._clients))
        return sum(client.follower.events for client in self._clients)

    async def _gone(self, within: float) -> list[float]:
        await asyncio.wait([self._enduring], timeout=within)
        gone = [client.gone_after for client in self._clients if client.gone_after is not None]
        if not self._enduring.done():
            raise Wrong(f"{len(self._clients) - len(gone)} are still connected after {within:g} s more")
        self._enduring.result()
        return gone


async def main(url: str, first: int, kind: str, count: int) -> None:
    os.nice(YIELDING)
    mix = Mix()
    crowd = Crowd([Client(url, KINDS[kind], mix, first) for _ in range(count)])
    try:
        async with asyncio.timeout(SUBSCRIBE_S):
            await crowd.begin()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await crowd.answer(json.loads(line))), flush=True)
    except (Wrong, OSError, TimeoutError) as error:
        print(f"{FAILED}{error or type(error).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
