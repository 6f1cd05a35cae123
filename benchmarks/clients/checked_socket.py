"""One WebSocket of the load client: reads as cheaply as it can, and checks every delivery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, cast

from benchmarks.clients.feed import Feed, Wrong
from benchmarks.clients.frames import PING, PONG, TEXT, frame_in, masked

Commands = Sequence[dict[str, Any]]


class Socket(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, number: int, request: bytes, asks: Commands, feed: Feed, failed: asyncio.Future[None]) -> None:
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # all that it asked for
        self._number = number
        self._request = request
        self._asks = asks
        self._answer = "subscribed"  # the type of each reply to what it asks
        self._unanswered = 0
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

    def ask_more(self, commands: Commands, answer: str = "subscribed") -> None:
        """`answered` is another one then. Until that no event may come."""
        self.answered = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._ask(commands)

    def _fail(self, problem: str) -> None:
        if not self._failed.done():
            self._failed.set_exception(Wrong(f"socket {self._number}: {problem}"))

    _frame_in = staticmethod(frame_in)

    # Each stage takes what has come and returns what is left of it.

    def _upgraded(self, data: bytes) -> bytes:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            return data
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"the handshake was answered with {head[:100]!r}")
        if not self._asks:
            return self._begin(rest)
        self._ask(self._asks)
        return self._replied(rest) if rest else b""

    def _replied(self, data: bytes) -> bytes:
        at = 0
        while (frame := frame_in(data, at)) is not None:
            opcode, start, end = frame
            if opcode == PING:
                self._send(PONG, data[start:end])
            elif opcode != TEXT or json.loads(data[start:end])["type"] != self._answer:
                raise Wrong(f"a command was answered with {data[at : at + 200]!r}")
            else:
                self._unanswered -= 1
            at = end
            if not self._unanswered:
                return self._begin(data[at:])
        return data[at:]

    def _begin(self, data: bytes) -> bytes:
        self._stage = self._fed
        self._in_step = True
        self.answered.set_result(None)
        return self._fed(data) if data else b""

    def _fed(self, data: bytes) -> bytes:
        """What is new to the feed, or no event, or begins or ends within a frame."""
        feed = self._feed
        offset = feed.start_of_message(self._offset)
        data = bytes(feed.bytes[offset : self._offset]) + data
        at = 0
        while (frame := self._frame_in(data, at)) is not None:
            opcode, start, end = frame
            if opcode == TEXT:
                offset = feed.take(offset, data[at:end], data[start:end])
            elif opcode == PING:
                self._send(PONG, data[start:end])
            elif opcode != PONG:
                raise Wrong(f"a frame of kind {opcode:#x} came: {data[start:end]!r}")
            at = end
        messages = feed.messages_at[offset]
        if messages != self._messages:
            feed.moved(self._messages, messages)
        self._offset, self._messages = offset, messages
        self._in_step = at == len(data)
        return data[at:]

    def _ask(self, commands: Commands) -> None:
        self._stage, self._in_step = self._replied, False
        self._unanswered = len(commands)
        for command in commands:
            self._send(TEXT, json.dumps(command).encode())

    def _send(self, opcode: int, payload: bytes) -> None:
        self.transport.write(masked(opcode, payload))
