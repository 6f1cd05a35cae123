"""The load client: many WebSockets or streams in one process, which read as cheaply as they can and check every
delivery.

`python -m benchmarks.clients.sockets URL COUNT [WORKLOAD]` connects, subscribes to what `benchmarks.bench.workload` has
of that name and says so. Then on stdin `{"expect": 100}` announces events and `{"wait": 30}` waits so many seconds for
them; the answer is when the last socket had each so far. What was not announced and comes is a failure. The answer to
`{"connected": 1}` is how many seconds connecting and subscribing took. `{"subscribe": "missed-10"}` asks for more, that
of another workload; `{"ping": 15}` sends so many commands on each socket at once. The answer is the seconds that it
took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks.bench.processes import FAILED, PROGRESS
from benchmarks.bench.workload import Workload, named
from benchmarks.clients import checked_notification, checked_stream
from benchmarks.clients.checked_centrifugo import CentrifugoSocket
from benchmarks.clients.checked_notification import AgentStream
from benchmarks.clients.checked_socket import Commands, Socket
from benchmarks.clients.checked_stream import Stream
from benchmarks.clients.feed import Feed, Wrong, number_of_message, number_of_notification
from benchmarks.clients.frames import handshake
from benchmarks.servers import centrifugo

AT_ONCE = 64  # handshakes under way, or sockets that subscribe
STALL_S = 10.0  # seconds in which at least one more must have connected


def web_socket(url: str, asks: Commands) -> bytes:
    return handshake(url)


# By path: what asks there, and with which request. All else is a WebSocket of ours.
KINDS: dict[str, tuple[type[Socket], Callable[[str, Commands], bytes]]] = {
    checked_stream.PATH: (Stream, checked_stream.request),
    checked_notification.PATH: (AgentStream, checked_notification.request),
    centrifugo.SOCKET: (CentrifugoSocket, web_socket),
}


def failure() -> asyncio.Future[None]:
    """What the first failure ends, be it an error in a callback of the loop."""
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        if not failed.done():
            failed.set_exception(Wrong(f"{context['message']}: {context.get('exception')!r}"))

    loop.set_exception_handler(report)
    return failed


class Load:
    def __init__(self, url: str, count: int, workload: Workload) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._url = url
        self._count = count
        self._workload = workload
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._sockets: dict[int, Socket] = {}  # by number
        self.failed = failure()
        of_agents = parts.path == checked_notification.PATH
        self.feed = Feed(count, number_of_notification if of_agents else number_of_message)

    async def connect(self) -> None:
        self._connected_in = await self._each("connected", self._connect_one)

    async def _connect_one(self, number: int) -> None:
        asks = self._workload.asks(number)
        kind, request = KINDS.get(urlsplit(self._url).path, (Socket, web_socket))
        socket = kind(number, request(self._url, asks), asks, self.feed, self.failed)
        await asyncio.get_running_loop().create_connection(lambda: socket, self._host, self._port)
        await self._answered(socket)
        self._sockets[number] = socket

    async def _subscribe(self, workload: Workload) -> float:
        async def subscribe_one(number: int) -> None:
            self._sockets[number].ask_more(workload.asks(number))
            await self._answered(self._sockets[number])

        return await self._each("subscribed", subscribe_one)

    async def _ping(self, times: int) -> float:
        async def ping_one(number: int) -> None:
            self._sockets[number].ask_more([{"action": "ping", "request_id": 1}] * times, "pong")
            await self._answered(self._sockets[number])

        return await self._each("answered", ping_one)

    async def _each(self, done: str, one: Callable[[int], Awaitable[None]]) -> float:
        """Seconds until it was done for the number of each socket."""
        count = 0

        async def in_turn(number: int) -> None:
            nonlocal count
            async with self._gate:
                await one(number)
            count += 1

        began, before = time.monotonic(), 0
        all_of_them = asyncio.gather(*map(in_turn, range(self._count)))
        while not (await asyncio.wait([all_of_them], timeout=STALL_S))[0]:
            if count == before:
                raise Wrong(f"none of {self._count - before} sockets was {done} within {STALL_S:g} s")
            before = count
            print(f"{PROGRESS}{before} of {self._count} are {done}", flush=True)
        await all_of_them
        return time.monotonic() - began

    async def _answered(self, socket: Socket) -> None:
        await asyncio.wait([socket.answered, self.failed], return_when=asyncio.FIRST_COMPLETED)
        self._check()

    async def answer(self, question: dict[str, Any]) -> list[float] | float:
        self._check()
        if "connected" in question:
            return self._connected_in
        if "subscribe" in question:
            return await self._subscribe(named(question["subscribe"]))
        if "ping" in question:
            return await self._ping(int(question["ping"]))
        if "expect" in question:
            self.feed.expect(int(question["expect"]))
            return []
        complete = asyncio.create_task(self.feed.complete.wait())
        watched: list[asyncio.Future[Any]] = [complete, self.failed]
        await asyncio.wait(watched, timeout=question["wait"], return_when=asyncio.FIRST_COMPLETED)
        complete.cancel()
        self._check()
        if not self.feed.complete.is_set():
            raise Wrong(self.feed.behind())
        return self.feed.all_had

    def _check(self) -> None:
        if self.failed.done():
            self.failed.result()


async def main(url: str, count: int, workload: str = "status") -> None:
    try:
        load = Load(url, count, named(workload))
        await load.connect()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await load.answer(json.loads(line))), flush=True)
    except (Wrong, OSError, TimeoutError) as error:
        print(f"{FAILED}{error or type(error).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
