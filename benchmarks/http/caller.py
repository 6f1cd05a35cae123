"""Calls a server over connections that stay open, one call after the other on each, and checks the answers.

`python -m benchmarks.http.caller PORT TOKEN`. On stdin `{"call": "one", "connections": 1, "seconds": 2}`; on stdout
how many were answered, and in how many seconds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import uvloop

from benchmarks.bench.processes import FAILED
from benchmarks.bench.workload import EVENT_TYPE, event_data
from benchmarks.http.prepared import SERVERS

ANSWER_S = 30.0
BATCH, PAGE = 100, 100
LOG = "/api/v1/events/"


class Wrong(Exception):
    """What was answered is not what was asked for."""


class Call(NamedTuple):
    title: str
    method: str
    path: str
    status: int
    has: bytes  # what the answer has in it
    body: Callable[[int], object] | None = None


def event(number: int) -> dict[str, object]:
    return {"type": EVENT_TYPE, "data": event_data(number)}


def with_key(number: int) -> dict[str, object]:
    return {**event(number), "idempotency_key": f"call {number}"}


def batch(number: int) -> list[dict[str, object]]:
    return [event(number + each) for each in range(BATCH)]


CALLS = {
    "one": Call("POST one event", "POST", LOG, 201, b'"id":"', event),
    "key": Call("POST one event with a key", "POST", LOG, 201, b'"id":"', with_key),
    "batch": Call(f"POST {BATCH} events", "POST", LOG, 201, b'[{"id":"', batch),
    "history": Call(f"GET history, {PAGE} events", "GET", f"{LOG}?limit={PAGE}", 200, b'"events":[{'),
    "metadata": Call("GET metadata", "GET", f"{LOG}metadata", 200, b'"categories":[{'),
    "mcp-list": Call(f"GET mcp-list, {SERVERS} servers", "GET", f"{LOG}mcp-list", 200, b'"server_0"'),
    "health": Call("GET healthz", "GET", "/healthz", 200, b"ok"),
}


class Caller:
    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._numbers = itertools.count()

    async def run(self, call: str, connections: int, seconds: float) -> tuple[int, float]:
        began = time.monotonic()
        one = (self._connection(CALLS[call], began + seconds) for _ in range(connections))
        answered = sum(await asyncio.gather(*one))
        return answered, time.monotonic() - began

    async def _connection(self, call: Call, until: float) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        answered = 0
        try:
            while time.monotonic() < until:
                writer.write(self._request(call))
                async with asyncio.timeout(ANSWER_S):
                    await self._answer(call, reader)
                answered += 1
        finally:
            writer.close()
        return answered

    def _request(self, call: Call) -> bytes:
        body = b"" if call.body is None else json.dumps(call.body(next(self._numbers))).encode()
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return f"{call.method} {call.path} HTTP/1.1\r\n{self._head}{length}\r\n".encode() + body

    async def _answer(self, call: Call, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 %d " % call.status) or call.has not in body:
            raise Wrong(f"{call.title} was answered with {head[:20]!r} {body[:300]!r}")


async def main(port: int, token: str) -> None:
    caller = Caller(port, token)
    print("ready", flush=True)
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await caller.run(**json.loads(line))), flush=True)
    except (Wrong, OSError, EOFError, TimeoutError) as error:
        print(f"{FAILED}{error or type(error).__name__}", flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
