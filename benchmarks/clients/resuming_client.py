"""A client that keeps its position: of the mix it must get each event that it asks for once, in order and unchanged,
over however many connections.

It reads when it is told to, and as much as it is told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from urllib.parse import urlsplit

import msgspec

from benchmarks.bench.workload import EVENT_TYPE
from benchmarks.clients.feed import Wrong
from benchmarks.clients.frames import PING, PONG, TEXT, frame_in, handshake, masked
from benchmarks.clients.mix import Asked, Mix

READ_AT_ONCE = 64 * 1024  # bytes

# Loopback's segments of 64 KiB would let the kernel take 2 to 4 MiB for a client that reads nothing. With segments as
# on Ethernet and a small window it is 90 KiB, and up to 190 when the client reads a little.
SEGMENT = 1440  # bytes
WINDOW = 4096  # bytes
KERNEL_TAKES = 256 * 1024  # bytes; no more than this

AN_EVENT = f'{{"type":"{EVENT_TYPE}"'.encode()


class Message(msgspec.Struct):
    """One that is no event."""

    type: str
    position: str = ""
    replaying: bool = False
    complete: bool = True


decoder = msgspec.json.Decoder(Message)


class Follower:
    socket: socket.socket

    def __init__(self, url: str, asked: Asked, mix: Mix, first: int) -> None:
        """It asks for what comes from this number of the mix on."""
        self._url = url
        self._asked = asked
        self._mix = mix
        self._due = asked.first_from(first)
        self._position = ""
        self._replaying = False
        self._told = ""  # the type of the newest message that is no event
        self._rest = b""  # of an incomplete frame
        self.events = 0

    async def subscribe(self) -> None:
        """On a connection for which the kernel keeps little."""
        await self._connect(cramped=True)
        self._say("subscribe", **self._asked.subscription)
        await self._until("subscribed")

    async def resume(self) -> None:
        """Connect anew, and read what was missed."""
        self.socket.close()
        await self._connect()
        self._say("resume", after=self._position, subscriptions=[self._asked.subscription])
        await self._until("replayed")

    async def have(self, number: int) -> None:
        """Read until it has all events below this number. Raises Wrong if anything else came, or comes just then."""
        while self._due < number:
            await self._read()
        self._say("ping", request_id=1)
        await self._until("pong")
        if self._due != self._asked.first_from(number):
            raise Wrong(f"event {self._due - self._asked.every} came, and only {number} were broadcast")

    def read_a_little(self, size: int) -> None:
        """At most so many bytes, without waiting. Raises OSError when the connection is gone."""
        with contextlib.suppress(BlockingIOError):
            self._take(self.socket.recv(size))

    async def _connect(self, *, cramped: bool = False) -> None:
        loop, parts = asyncio.get_running_loop(), urlsplit(self._url)
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if cramped:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
        await loop.sock_connect(self.socket, (parts.hostname, parts.port))
        await loop.sock_sendall(self.socket, handshake(self._url))
        head, end = b"", b""
        while not end:
            data = await loop.sock_recv(self.socket, READ_AT_ONCE)
            if not data:
                raise Wrong(f"the connection ended during the handshake, after {head[:100]!r}")
            head, end, self._rest = (head + data).partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"the handshake was answered with {head[:100]!r}")

    async def _until(self, told: str) -> None:
        self._told = ""
        while self._told != told:
            await self._read()

    async def _read(self) -> None:
        data = await asyncio.get_running_loop().sock_recv(self.socket, READ_AT_ONCE)
        if not data:
            raise Wrong(f"the connection ended where event {self._due} was due")
        self._take(data)

    def _take(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        while (frame := frame_in(data, at)) is not None:
            opcode, start, at = frame
            payload = data[start:at]
            if opcode == PING:
                self.socket.send(masked(PONG, payload))
            elif opcode != TEXT:
                raise Wrong(f"a frame of kind {opcode:#x} came: {payload!r}")
            elif payload.startswith(AN_EVENT):
                self._event(payload)
            else:
                self._answer(payload)
        self._rest = data[at:]

    def _event(self, text: bytes) -> None:
        position = self._mix.position(self._due, text)
        if not self._replaying:
            self._position = position
        self._due += self._asked.every
        self.events += 1

    def _answer(self, text: bytes) -> None:
        message = decoder.decode(text)
        if message.type == "error" or not message.complete:
            raise Wrong(f"{text[:300]!r} came where event {self._due} was due")
        self._told, self._replaying = message.type, message.replaying
        if not self._replaying:
            self._position = message.position

    def _say(self, action: str, **members: object) -> None:
        self.socket.send(masked(TEXT, json.dumps({"action": action, **members}).encode()))
