"""The load client: many WebSockets in one process, which read as cheaply as they can and check every delivery.

`python -m benchmarks.sockets URL COUNT` connects, subscribes and says so; with `--listen-only` behind it there is
nothing to subscribe to. Then on stdin `{"expect": 100}` announces
events and `{"wait": 30}` waits so many seconds for them; the answer is when the last socket had each so far. The answer
to `{"connected": 1}` is how many seconds connecting and subscribing took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.feed import Feed, Wrong
from benchmarks.frames import PING, PONG, TEXT, frame_in, handshake, masked
from benchmarks.processes import FAILED, PROGRESS
from benchmarks.workload import subscription

AT_ONCE = 64  # handshakes under way
STALL_S = 10.0  # seconds in which at least one more must have connected
LISTEN_ONLY = "--listen-only"


class Socket(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(
        self, number: int, request: bytes, feed: Feed, failed: asyncio.Future[None], *, listen_only: bool
    ) -> None:
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = number
        self._request = request
        self._feed = feed
        self._failed = failed
        self._listen_only = listen_only
        self._stage = self._upgraded
        self._in_step = False  # subscribed, and all that it has got so far is the feed's up to `_offset`
        self._offset = 0
        self._messages = 0
        self._rest = b""  # of an incomplete frame

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the connection broke: {exc}")

    def data_received(self, data: bytes) -> None:
        if self._in_step and self._feed.bytes.startswith(data, self._offset):
            self._offset += len(data)
            messages = self._feed.messages_at.get(self._offset)
            if messages is not None:
                self._feed.moved(self._messages, messages)
                self._messages = messages
            return
        try:
            self._rest = self._stage(self._rest + data)
        except Wrong as error:
            self._fail(str(error))

    def _fail(self, problem: str) -> None:
        if not self._failed.done():
            self._failed.set_exception(Wrong(f"socket {self._number}: {problem}"))

    # Each stage takes what has come and returns what is left of it.

    def _upgraded(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"the handshake was answered with {head[:100]!r}")
        if self._listen_only:
            return self._begin(rest)
        self._send(TEXT, json.dumps(subscription(self._number)).encode())
        self._stage = self._replied
        return self._replied(rest) if rest else b""

    def _replied(self, data: bytes) -> bytes:
        frame = frame_in(data, 0)
        if frame is None:
            return data
        opcode, start, end = frame
        if opcode != TEXT or json.loads(data[start:end])["type"] != "subscribed":
            raise Wrong(f"the subscription was answered with {data[:200]!r}")
        return self._begin(data[end:])

    def _begin(self, data: bytes) -> bytes:
        self._stage = self._fed
        self._in_step = True
        self.subscribed.set_result(None)
        return self._fed(data) if data else b""

    def _fed(self, data: bytes) -> bytes:
        """What is new to the feed, or no event, or begins or ends within a frame."""
        feed = self._feed
        offset = feed.start_of_message(self._offset)
        data = bytes(feed.bytes[offset : self._offset]) + data
        at = 0
        while (frame := frame_in(data, at)) is not None:
            opcode, start, end = frame
            if opcode == TEXT:
                offset = feed.take(offset, data[at:end], data[start:end])
            elif opcode == PING:
                self._send(PONG, data[start:end])
            else:
                raise Wrong(f"a frame of kind {opcode:#x} came: {data[start:end]!r}")
            at = end
        messages = feed.messages_at[offset]
        if messages != self._messages:
            feed.moved(self._messages, messages)
        self._offset, self._messages = offset, messages
        self._in_step = at == len(data)
        return data[at:]

    def _send(self, opcode: int, payload: bytes) -> None:
        self.transport.write(masked(opcode, payload))


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
    def __init__(self, url: str, count: int, *, listen_only: bool = False) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._request = handshake(url)
        self._count = count
        self._listen_only = listen_only
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._connected = 0
        self.failed = failure()
        self.feed = Feed(count)

    async def connect(self) -> None:
        began, before = time.monotonic(), 0
        connecting = asyncio.gather(*map(self._connect_one, range(self._count)))
        while not (await asyncio.wait([connecting], timeout=STALL_S))[0]:
            if self._connected == before:
                raise Wrong(f"none of {self._count - before} sockets could connect for {STALL_S:g} s")
            before = self._connected
            print(f"{PROGRESS}{before} of {self._count} are connected", flush=True)
        await connecting
        self._connected_in = time.monotonic() - began

    async def _connect_one(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        async with self._gate:
            _, socket = await loop.create_connection(lambda: self._socket(number), self._host, self._port)
            await asyncio.wait([socket.subscribed, self.failed], return_when=asyncio.FIRST_COMPLETED)
            self._check()
        self._connected += 1

    def _socket(self, number: int) -> Socket:
        return Socket(number, self._request, self.feed, self.failed, listen_only=self._listen_only)

    async def answer(self, question: dict[str, float]) -> list[float] | float:
        self._check()
        if "connected" in question:
            return self._connected_in
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


async def main(url: str, count: int, *options: str) -> None:
    try:
        load = Load(url, count, listen_only=LISTEN_ONLY in options)
        await load.connect()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await load.answer(json.loads(line))), flush=True)
    except (Wrong, OSError, TimeoutError) as error:
        print(f"{FAILED}{error or type(error).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
