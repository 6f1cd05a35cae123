"""What goes over the wire: one JSON-RPC question, one answer, as JSON or as a stream of server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx
import msgspec

from events.mcp.probe.failures import HttpRefused, NotMcp, RpcRefused

ANSWER_MAX_BYTES = 1024 * 1024  # the longest lists of tools seen are a tenth of that
ANSWER_MAX_PIECES = 5_000  # of a chunked body or a stream; each costs some 30 µs, however short it is
STREAM_END_S = 0.05
JSON = "application/json"
EVENT_STREAM = "text/event-stream"


class RpcError(msgspec.Struct):
    code: int = 0
    message: str = ""


class Message(msgspec.Struct):
    """A JSON-RPC message; with a method, the server's own request or notification, which nobody here answers."""

    jsonrpc: Literal["2.0"]
    id: int | str | None = None
    method: str = ""
    result: dict[str, Any] | None = None
    error: RpcError | None = None


_decoder = msgspec.json.Decoder(Message)


async def result_of(response: httpx.Response, method: str, number: int) -> dict[str, Any]:
    """Read the answer to this question from an open response; raise HttpRefused, RpcRefused or NotMcp."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not response.is_success:
        # Both eras tell in a JSON-RPC error what they do not like; its id may be null then.
        message = await _refusal(response) if kind == JSON else None
        rpc = RpcRefused(method, message.error.code, message.error.message) if message and message.error else None
        raise HttpRefused(response.status_code, retry_after_s=_retry_after(response), rpc=rpc)
    if response.headers.get("content-encoding", "identity") != "identity":
        raise NotMcp("The answer is compressed, which was not asked for.")
    if kind == EVENT_STREAM:
        found = await _streamed(response, number)
    elif kind == JSON:
        found = _decoded(await _body(response))
    else:
        raise NotMcp(f"The answer is neither {JSON} nor {EVENT_STREAM}.")
    if found and found.error and found.id in (None, number):
        raise RpcRefused(method, found.error.code, found.error.message)
    if found is None or found.id != number or found.result is None:
        raise NotMcp(f"The answer to {method} is not a JSON-RPC response to it.")
    return found.result


async def acknowledged(response: httpx.Response) -> None:
    """Read what there is after a notification, so that the connection can be used again; a stream is left unread."""
    if response.status_code == 202 or "content-length" in response.headers:
        await _body(response)


async def _refusal(response: httpx.Response) -> Message | None:
    try:
        return _decoded(await _body(response))
    except NotMcp:  # the status tells enough
        return None


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    length = pieces = 0
    async for piece in response.aiter_raw():
        length += len(piece)
        pieces += 1
        if length > ANSWER_MAX_BYTES or pieces > ANSWER_MAX_PIECES:
            raise NotMcp(f"The answer is longer than {ANSWER_MAX_BYTES:,} bytes, or in too many pieces.")
        yield piece


async def _body(response: httpx.Response) -> bytes:
    return b"".join([piece async for piece in _pieces(response)])


async def _streamed(response: httpx.Response, number: int) -> Message | None:
    """Return the first message that answers; what else the server has to say before that is passed over."""
    pieces = _pieces(response)
    event = EventStream()
    async for piece in pieces:
        for data in event.fed(piece):
            message = _decoded(data)
            if message and message.id in (None, number) and not message.method:
                await _to_its_end(pieces)
                return message
    return None


async def _to_its_end(pieces: AsyncIterator[bytes]) -> None:
    """Servers end a stream with the answer; one that is read to its end leaves a connection that can be used again."""
    try:
        async with asyncio.timeout(STREAM_END_S):
            async for _ in pieces:
                pass
    except (TimeoutError, NotMcp, httpx.HTTPError):
        return


class EventStream:
    """Server-sent events, as far as they carry messages: the data of each event that has some."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._data: list[bytes] = []

    def fed(self, piece: bytes) -> Iterator[bytes]:
        *ended, rest = piece.split(b"\n")
        for end in ended:
            self._line += end
            line = bytes(self._line).rstrip(b"\r")
            self._line.clear()
            if line.startswith(b"data:"):
                self._data.append(line[5:])
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
        self._line += rest


def _decoded(data: bytes) -> Message | None:
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that the server asks to be left alone, given as a number or as a date."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None
