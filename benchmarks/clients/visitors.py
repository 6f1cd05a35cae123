"""Clients that come, subscribe, ask for something else, and vanish, as fast as the server lets them.

`python -m benchmarks.clients.visitors URL AT_ONCE`. On stdin `{"visit": 30}`, seconds; the answer is how many came and
went. Each way to go has its turn: saying goodbye, closing the connection, resetting it, with a command under way or
not.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import struct
import sys
import time
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks.bench.processes import FAILED
from benchmarks.bench.workload import EVENT_TYPE
from benchmarks.clients.feed import Wrong
from benchmarks.clients.frames import CLOSE, TEXT, frame_in, handshake, masked

REPLY_S = 30.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER
WAYS = ("goodbye", "close", "reset", "close during a command", "reset during a command")


class Visitor:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._reader = reader
        self._writer = writer
        self._number = number
        self._rest = b""

    async def visit(self, request: bytes) -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Wrong(f"the handshake was answered with {head[:100]!r}")
        self._ask("subscribe", event_types=[EVENT_TYPE], filters={"mcp_names": [f"visited_{self._number}"]})
        reply = await self._reply("subscribed")
        wanted = {"event_types": [EVENT_TYPE], "filters": {"mcp_names": f"other_{self._number}", "severity": "error"}}
        self._ask("update_subscription", subscription_id=reply["subscription_id"], **wanted)
        await self._reply("subscribed")
        self._leave(WAYS[self._number % len(WAYS)])

    def _leave(self, way: str) -> None:
        if way.endswith("during a command"):
            self._ask("subscribe", event_types=[EVENT_TYPE], filters={"mcp_names": [f"left_{self._number}"]})
        if way == "goodbye":
            self._writer.write(masked(CLOSE, b""))
        if way.startswith("reset"):
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._writer.transport.abort()

    def _ask(self, action: str, **members: Any) -> None:
        self._writer.write(masked(TEXT, json.dumps({"action": action, **members}).encode()))

    async def _reply(self, wanted: str) -> dict[str, Any]:
        while (frame := frame_in(self._rest, 0)) is None:
            data = await self._reader.read(4096)
            if not data:
                raise Wrong(f"the connection ended where {wanted!r} was due")
            self._rest += data
        _, start, end = frame
        message: dict[str, Any] = json.loads(self._rest[start:end])
        self._rest = self._rest[end:]
        if message["type"] != wanted:
            raise Wrong(f"{message} came where {wanted!r} was due")
        return message


class Visitors:
    def __init__(self, url: str, at_once: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._request = handshake(url)
        self._at_once = at_once
        self._numbers = itertools.count()

    async def answer(self, seconds: float) -> int:
        until, gone = time.monotonic() + seconds, 0

        async def come_and_go() -> None:
            nonlocal gone
            while time.monotonic() < until:
                async with asyncio.timeout(REPLY_S):
                    await self._one()
                gone += 1

        async with asyncio.TaskGroup() as all_of_them:
            for _ in range(self._at_once):
                all_of_them.create_task(come_and_go())
        return gone

    async def _one(self) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            await Visitor(reader, writer, next(self._numbers)).visit(self._request)
        finally:
            writer.close()


async def main(url: str, at_once: int) -> None:
    visitors = Visitors(url, at_once)
    print("ready", flush=True)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await visitors.answer(json.loads(line)["visit"])), flush=True)
    except* (Wrong, OSError, TimeoutError, EOFError) as errors:
        first = errors.exceptions[0]
        print(f"{FAILED}{first or type(first).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
