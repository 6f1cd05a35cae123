"""A receiver of webhooks that misbehaves on demand, in a thread: `with Receiver() as receiver: … receiver.url`."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from tests.waiting import WITHIN_S

PAUSE_S = 0.001  # between the pieces of "longer_and_longer", so that they are read one by one
OK = b"HTTP/1.1 204 No Content\r\n\r\n"
ANSWERS = {
    "says_ok": b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}",
    "fails": b"HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops",
    "busy": b"HTTP/1.1 503 X\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n",
    "gone": b"HTTP/1.1 410 X\r\nContent-Length: 0\r\n\r\n",
    "too_large": b"HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n",
    "redirects": b"HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
    "half_a_body": b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nhalf",
    "nothing": b"",
    "no_http": b"SSH-2.0-OpenSSH\r\n\r\n",
    "long_body": b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1_000_000,
    "longer_and_longer": b"HTTP/1.1 200 X\r\nContent-Length: 100000\r\n\r\n",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
}


@dataclass
class Got:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body, type=dict[str, Any])


class Receiver:
    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.got: list[Got] = []
        self.accepted: list[Got] = []
        self.connections = 0
        self.port = 0
        self.behaves: Callable[[Got], str] = lambda _: ""  # a name of ANSWERS, "hangs", or nothing
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()
        self._ended = asyncio.Event()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/hook"

    def accepts(self, got: Got) -> bytes:
        return OK

    def always(self, behaviour: str) -> None:
        self.behaves = lambda _: behaviour

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(WITHIN_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(WITHIN_S)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        serving: set[asyncio.Task[None]] = set()

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer))
            serving.add(task)
            task.add_done_callback(serving.discard)

        server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._ended.wait()
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            try:
                while await self._request(reader, writer):
                    pass
            finally:
                writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        got = Got(headers, await reader.readexactly(int(headers.get("content-length", 0))))
        self.got.append(got)
        behaviour = self.behaves(got)
        if behaviour == "hangs":
            await reader.read()
            return False
        if not behaviour:
            self.accepted.append(got)
        writer.write(ANSWERS[behaviour] if behaviour else self.accepts(got))
        await writer.drain()
        if behaviour == "longer_and_longer":
            for _ in range(100):
                writer.write(b"x" * 1_000)
                await asyncio.sleep(PAUSE_S)
        return behaviour not in ("nothing", "half_a_body", "no_http", "long_body", "longer_and_longer", "interim")
