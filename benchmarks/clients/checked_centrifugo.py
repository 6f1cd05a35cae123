"""One WebSocket of the load client that speaks the JSON protocol of Centrifugo, checked as the others are.

A frame of it has one or more lines, and each event is wrapped. What is compared are the events themselves, each ended
by a line break, so that it does not matter which events share a frame.
"""

from __future__ import annotations

import asyncio
import json
import re
from functools import lru_cache

from benchmarks.clients.checked_socket import Commands, Socket
from benchmarks.clients.feed import Feed, Wrong
from benchmarks.clients.frames import TEXT, frame_in
from benchmarks.servers.centrifugo import CHANNEL

ASKS = [{"id": 1, "connect": {}}, {"id": 2, "subscribe": {"channel": CHANNEL}}]
PING = b"{}"
PLACE = rb'(?:,"offset":\d+)?(?:,"epoch":"\w+")?'  # in its own history; the first event of a connection has both
EVENT = re.compile(rb'\{"push":\{"channel":"%b","pub":\{"data":(\{.*\})%b\}\}\}' % (re.escape(CHANNEL.encode()), PLACE))


@lru_cache(64)  # most sockets get the same bytes
def lines_in(data: bytes) -> tuple[bytes, int, int]:
    """Return the lines of the complete frames, events unwrapped; how many bytes these frames take; pings among them."""
    lines, at, pings = [], 0, 0
    while (frame := frame_in(data, at)) is not None:
        opcode, start, at = frame
        if opcode != TEXT:
            raise Wrong(f"a frame of kind {opcode:#x} came")
        for line in data[start:at].splitlines():
            event = EVENT.fullmatch(line)
            if line == PING:
                pings += 1
            else:
                lines.append(line if event is None else event[1])
    return b"".join([line + b"\n" for line in lines]), at, pings


class CentrifugoSocket(Socket):
    _upgraded_yet = False
    _incomplete = b""  # frame

    def __init__(self, number: int, request: bytes, asks: Commands, feed: Feed, failed: asyncio.Future[None]) -> None:
        super().__init__(number, request, ASKS, feed, failed)

    def data_received(self, data: bytes) -> None:
        if not self._upgraded_yet:
            super().data_received(data)
            return
        data = self._incomplete + data
        try:
            lines, taken, pings = lines_in(data)
        except Wrong as error:
            self._fail(str(error))
            return
        self._incomplete = data[taken:]
        for _ in range(pings):
            self._send(TEXT, PING)
        if lines:
            super().data_received(lines)

    def _ask(self, commands: Commands) -> None:
        self._upgraded_yet = True
        super()._ask(commands)

    def _replied(self, data: bytes) -> bytes:
        *answers, events = data.split(b"\n", len(ASKS))
        if len(answers) < len(ASKS):
            return data
        for answer in answers:
            if "error" in json.loads(answer):
                raise Wrong(f"a command was answered with {answer!r}")
        return self._begin(events)

    @staticmethod
    def _frame_in(data: bytes, at: int) -> tuple[int, int, int] | None:
        end = data.find(b"\n", at) + 1
        return (TEXT, at, end) if end else None
