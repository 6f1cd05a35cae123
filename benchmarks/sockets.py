"""The load client: many WebSockets in one process, which read as cheaply as they can and check every delivery.

`python -m benchmarks.sockets URL COUNT` connects, subscribes and says so. Then on stdin `{"expect": 100}` announces
events and `{"wait": 30}` waits so many seconds for them; the answer is when the last socket had each so far. The answer
to `{"connected": 1}` is how many seconds connecting and subscribing took.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any, cast
from urllib.parse import urlsplit

import uvloop

from benchmarks.feed import Feed, Wrong
from benchmarks.processes import FAILED, PROGRESS
from benchmarks.workload import subscription

AT_ONCE = 64  # handshakes under way
STALL_S = 10.0  # seconds in which at least one more must have connected
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASK = bytes(4)  # a mask of zeros is allowed, and changes nothing


class Socket(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, number: int, request: bytes, feed: Feed, failed: asyncio.Future[None]) -> None:
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number = number
        self._request = request
        self._feed = feed
        self._failed = failed
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
        self._stage = self._fed
        self._in_step = True
        self.subscribed.set_result(None)
        return self._fed(data[end:]) if data[end:] else b""

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


def handshake(url: str) -> bytes:
    """The request that opens a WebSocket there."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([opcode]) + length + MASK + payload


def frame_in(data: bytes, at: int) -> tuple[int, int, int] | None:
    """First byte of the frame that begins here, where its payload begins and ends; None while it is incomplete."""
    if len(data) < at + 4:
        short = len(data) >= at + 2 and len(data) >= at + 2 + data[at + 1] and data[at + 1] < 126
        return (data[at], at + 2, at + 2 + data[at + 1]) if short else None
    size, start = data[at + 1], at + 2
    if size == 126:
        size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    elif size == 127:
        raise Wrong("a frame of 64 KiB or more came")
    return (data[at], start, start + size) if len(data) >= start + size else None


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
    def __init__(self, url: str, count: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._request = handshake(url)
        self._count = count
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
            _, socket = await loop.create_connection(
                lambda: Socket(number, self._request, self.feed, self.failed), self._host, self._port
            )
            await asyncio.wait([socket.subscribed, self.failed], return_when=asyncio.FIRST_COMPLETED)
            self._check()
        self._connected += 1

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


async def main(url: str, count: int) -> None:
    try:
        load = Load(url, count)
        await load.connect()
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await load.answer(json.loads(line))), flush=True)
    except (Wrong, OSError, TimeoutError) as error:
        print(f"{FAILED}{error or type(error).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
