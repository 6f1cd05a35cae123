"""A connection as httpcore reads it, with a bound on what may come before an answer begins."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore

from events.mcp.probe.failures import NotMcp, OtherTransport

# Of interim responses (100 Continue, 103 Early Hints) and headers, with the first bytes of the body. httpcore reads
# over any number of the former, at some 30 µs each, and takes 100 kB of the latter.
HEAD_MAX_BYTES = 192 * 1024
HEAD_MAX_READS = 2_000
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # an alert, a handshake


class Head:
    """What has been read since a question was sent."""

    def __init__(self) -> None:
        self.opened = False  # whether the question opened its connection, or took one that was there
        self._bytes = self._reads = 0

    @property
    def is_stale(self) -> bool:
        """Say whether, if it failed, the server had closed the connection meanwhile: many do so without saying it."""
        return not self.opened and not self._bytes

    def read(self, data: bytes) -> None:
        """Count what is read. Raises NotMcp if it is too much, OtherTransport if it is no HTTP."""
        if not self._reads and data[:2] in TLS_RECORDS:
            raise OtherTransport("It speaks https: register its address with https:// instead of http://.")
        self._bytes += len(data)
        self._reads += 1
        if self._bytes > HEAD_MAX_BYTES or self._reads > HEAD_MAX_READS:
            raise NotMcp(f"No answer begins within {HEAD_MAX_BYTES:,} bytes of interim responses and headers.")


_head: ContextVar[Head | None] = ContextVar("head", default=None)


@contextmanager
def read_head() -> Iterator[Head]:
    """Count whatever is read in the block as what comes before the answer: httpx reads in the task that asks."""
    began = Head()
    token = _head.set(began)
    try:
        yield began
    finally:
        _head.reset(token)


class Stream(httpcore.AsyncNetworkStream):
    """As it is, but for that bound, and for a handshake that is cancelled: httpcore would leave that connection
    open."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self.write, self.aclose = stream.write, stream.aclose  # type: ignore[method-assign]
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]
        self._read, self._start_tls = stream.read, stream.start_tls
        if (began := _head.get()) is not None:
            began.opened = True

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  the interface's
        data = await self._read(max_bytes, timeout)
        if (began := _head.get()) is not None:
            began.read(data)
        return data

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the interface's
    ) -> httpcore.AsyncNetworkStream:
        try:
            return Stream(await self._start_tls(ssl_context, server_hostname, timeout))
        except asyncio.CancelledError:
            await self.aclose()
            raise
