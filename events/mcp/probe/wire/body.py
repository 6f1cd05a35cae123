"""The bytes of an answer, as they come: decompressed if need be, and bounded in each way in which they could grow."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial

import httpx

from events.mcp.probe.failures import NotMcp, TooLong

ANSWER_MAX_BYTES = 1024 * 1024
# Each piece of a chunked body costs some 30 µs, however short it is. Some servers write a few words at a time.
ANSWER_MAX_PIECES = 5_000
BYTES_OF_A_PIECE = 128  # a longer answer may have a piece more for so many bytes
UNREAD_S = 0.05  # for what nobody needs, but what leaves a connection that can be used again
INFLATED_AT_ONCE = 64 * 1024  # bytes: a bomb is given up after one such portion too many
MAX_CODINGS = 4


class Allowance:
    """How much an answer may send, or several that are one list: in bytes as they come and decompressed, in pieces."""

    def __init__(self, most: int = ANSWER_MAX_BYTES) -> None:
        self._most = most
        self._sent = self._pieces = 0
        self.read = 0  # bytes

    def sends(self, piece: bytes) -> None:
        """Count what the server sends. Raises TooLong."""
        self._sent += len(piece)
        self._pieces += 1
        if self._sent > self._most or self._pieces > ANSWER_MAX_PIECES + self._sent // BYTES_OF_A_PIECE:
            raise TooLong(self._most)

    def reads(self, piece: bytes) -> None:
        """Count what is read. Raises TooLong."""
        self.read += len(piece)
        if self.read > self._most:
            raise TooLong(self._most)


async def pieces(response: httpx.Response, allowance: Allowance | None = None) -> AsyncIterator[bytes]:
    """Raise TooLong, or NotMcp for what is not compressed as it says."""
    allowance = allowance or Allowance()
    inflators = _inflators(response)
    async for sent in response.aiter_raw():
        allowance.sends(sent)
        for piece in _inflated([sent], inflators):
            allowance.reads(piece)
            yield piece


async def body(response: httpx.Response, allowance: Allowance | None = None) -> bytes:
    return b"".join([piece async for piece in pieces(response, allowance)])


async def passed_over(rest: AsyncIterator[bytes]) -> None:
    """Read to the end what there is, if that comes at once: then the connection can be used again."""
    try:
        async with asyncio.timeout(UNREAD_S):
            async for _ in rest:
                pass
    except (TimeoutError, NotMcp, httpx.HTTPError):
        return


class Inflator:
    """Undoes one coding, a portion at a time."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._new = partial(zlib.decompressobj, zlib.MAX_WBITS | 16 if coding == "gzip" else zlib.MAX_WBITS)
        self._zlib = self._new()
        self._began = False

    def fed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._zlib.eof:  # several gzip files in a row are one
                self._zlib = self._new()
            try:
                piece = self._zlib.decompress(data, INFLATED_AT_ONCE)
            except zlib.error:
                if self._began or self._coding != "deflate":
                    raise NotMcp(f"The answer says that it is compressed by {self._coding}, and is not.") from None
                self._new = partial(zlib.decompressobj, -zlib.MAX_WBITS)  # what many servers take deflate for
                self._zlib, self._began = self._new(), True
                continue
            self._began = True
            yield piece
            data = self._zlib.unconsumed_tail or self._zlib.unused_data


def _inflated(sent: Iterable[bytes], inflators: list[Inflator]) -> Iterator[bytes]:
    for inflator in inflators:
        sent = _fed(sent, inflator)
    yield from sent


def _fed(sent: Iterable[bytes], inflator: Inflator) -> Iterator[bytes]:
    for data in sent:
        yield from inflator.fed(data)


def _inflators(response: httpx.Response) -> list[Inflator]:
    """Return what undoes the codings, the last one first. One that is unknown is passed over, as the official clients
    do: some servers write “utf-8” there."""
    if "content-encoding" not in response.headers:
        return []
    named = [name.strip().lower() for name in response.headers["content-encoding"].split(",")]
    codings = [name.removeprefix("x-") for name in reversed(named) if name in ("gzip", "x-gzip", "deflate")]
    if len(codings) > MAX_CODINGS:
        raise NotMcp(f"The answer is compressed {len(codings)} times.")
    return [Inflator(coding) for coding in codings]
