"""A TCP proxy whose links can be slowed, stopped, cut in half or broken, as networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from tests.waiting import WITHIN_S

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

CHUNK = 16 * 1024
RECEIVE_BUFFER = 64 * 1024  # bytes; small, so that a slow link is felt at the other end
ABORT = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing sends a reset, no FIN


class Proxy:
    """Runs in a thread of its own, so that a test that blocks does not stop it. Faults act on all present links."""

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self.latency = 0.0  # seconds for each chunk
        self.rate: float | None = None  # bytes a second
        self._connect = connect
        self._clients: set[asyncio.StreamWriter] = set()
        self._upstreams: set[asyncio.StreamWriter] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    @classmethod
    def to_port(cls, port: int) -> Proxy:
        return cls(lambda: asyncio.open_connection("127.0.0.1", port))

    @classmethod
    def to_socket(cls, path: Path) -> Proxy:
        return cls(lambda: asyncio.open_unix_connection(path))

    # --- faults ---

    def black_hole(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """What was held passes, and all that follows."""
        self._loop.call_soon_threadsafe(self._open.set)

    def reset(self) -> None:
        """Break every link with a reset at both ends."""
        self._do(self._reset)

    def half_close(self) -> None:
        """Say to every upstream that the client has ended its half, as a proxy that times out does."""
        self._do(self._end_upstreams)

    def _do(self, what: Callable[[], object]) -> None:
        async def do() -> None:
            what()

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(WITHIN_S)

    def _end_upstreams(self) -> None:
        for upstream in self._upstreams:
            upstream.write_eof()

    def _reset(self) -> None:
        for writer in self._clients | self._upstreams:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            writer.transport.abort()

    # --- life ---

    def __enter__(self) -> Proxy:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        listening.bind(("127.0.0.1", 0))
        self.port: int = listening.getsockname()[1]
        self._thread.start()
        serve = asyncio.start_server(self._link, sock=listening, limit=CHUNK)
        self._server = asyncio.run_coroutine_threadsafe(serve, self._loop).result(WITHIN_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN_S)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            upstream_reader, upstream = await self._connect()
        except OSError:
            writer.transport.abort()  # no upstream: the client finds its link closed
            return
        self._clients.add(writer)
        self._upstreams.add(upstream)
        try:
            async with asyncio.TaskGroup() as pipes:
                pipes.create_task(self._pipe(reader, upstream))
                pipes.create_task(self._pipe(upstream_reader, writer))
        except* OSError:
            pass  # one end is gone, so the other goes as well
        finally:
            self._clients.discard(writer)
            self._upstreams.discard(upstream)
            writer.transport.abort()
            upstream.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._open.wait()
            delay = self.latency + (len(data) / self.rate if self.rate else 0)
            if delay:
                await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()
        await self._open.wait()
        if not writer.is_closing():
            writer.write_eof()
