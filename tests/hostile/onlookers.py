"""Healthy clients beside an attack: what they get, how late it is, and what the server costs meanwhile. Time in which
they, the publisher, the server or its Valkey had no core to run on does not count: the machine may be busy with
something else, as it is while other tests run."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from benchmarks.servers.watched import resident_kib
from tests.faults.publishing import Publisher, publishing
from tests.faults.subscriber import Received, Subscriber, running
from tests.hostile.starvation import Starvation
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually

CLIENTS = 10
RATE = 20  # events a second
ASK_EVERY_S = 0.02  # of ten answers or fewer, the 90th percentile would be the slowest
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def process_id(valkey_socket: Path) -> int:
    with closing(Redis(unix_socket_path=str(valkey_socket))) as client:
        return int(client.info("server")["process_id"])


@dataclass
class Onlookers:
    server: ServerProcess
    subscribers: list[Subscriber]
    publisher: Publisher
    starvation: Starvation
    health: list[float]  # seconds that each answer of /healthz took

    async def during(self, *command: str) -> tuple[str, Cost]:
        """Run an attack to its end; what it printed, and what it cost."""
        had = [len(each.received) for each in self.subscribers]
        asked, before = len(self.health), self._resident_kib
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            printed, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, printed
        grown = self._resident_kib - before
        await self.publisher.more(RATE // 4)
        await asyncio.gather(*(each.has_all_of(self.publisher) for each in self.subscribers))
        self.starvation.look()
        delays = [
            self._delay(event)
            for each, start in zip(self.subscribers, had, strict=True)
            for event in each.received[start:]
        ]
        assert len(delays) >= CLIENTS * (RATE // 4 - 1), "next to nothing was delivered"
        cost = Cost(most(delays), most(self.health[asked:]), grown)
        return printed.decode().strip(), cost

    def _delay(self, event: Received) -> float:
        sent = event.data["sent"]
        return float(event.delay - self.starvation.between(sent, sent + event.delay))

    @property
    def _resident_kib(self) -> int:
        assert self.server.process is not None
        return resident_kib(self.server.process.pid)

    async def ask(self) -> None:
        """Again and again, on new connections."""
        while True:
            began, starved = time.monotonic(), self.starvation.look()
            # With its request at once: a busy machine could come back here when the server's patience is over.
            connection = socket.create_connection(("127.0.0.1", self.server.ports[0]), WITHIN_S)
            connection.sendall(HEALTH)
            reader, writer = await asyncio.open_connection(sock=connection)
            try:
                assert (await reader.read()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
            seconds = time.monotonic() - began
            self.health.append(seconds - (self.starvation.look() - starved))
            await asyncio.sleep(ASK_EVERY_S)


def most(seconds: list[float]) -> float:
    """The 90th percentile: while the whole machine stands still, few are under way."""
    return sorted(seconds)[int(len(seconds) * 0.9)]


@dataclass(frozen=True)
class Cost:
    delay: float  # seconds from broadcast to receipt: the 90th percentile of all deliveries
    health: float  # seconds of an answer of /healthz, likewise
    grown_kib: int  # of the server's resident memory


@asynccontextmanager
async def onlookers(server: ServerProcess) -> AsyncIterator[Onlookers]:
    subscribers = [Subscriber([server.ws_url], server.token("alice")) for _ in range(CLIENTS)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(*subscribers))
        await aeventually(lambda: all(each.live for each in subscribers))
        publisher = await stack.enter_async_context(publishing(server, rate=RATE))
        assert server.process is not None
        starvation = Starvation([server.process.pid, process_id(server.valkey_socket), publisher.pid, os.getpid()])
        them = Onlookers(server, subscribers, publisher, starvation, [])
        asking = asyncio.create_task(them.ask())
        try:
            await aeventually(lambda: len(them.health) > 5 and len(publisher.acknowledged) > 5)
            yield them
        finally:
            asking.cancel()
            await asyncio.wait([asking])
            if not asking.cancelled():
                asking.result()
