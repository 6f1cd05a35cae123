"""What goes over the wire: one JSON-RPC question, one answer, as JSON or as a stream of server-sent events."""

from __future__ import annotations

import re
from typing import Any

import httpx

from events.mcp.probe.failures import Interrupted, NotMcp, RpcRefused
from events.mcp.probe.wire.body import Allowance, body, passed_over, pieces
from events.mcp.probe.wire.event_stream import EventStream
from events.mcp.probe.wire.message import Message, messages
from events.mcp.probe.wire.refusal import refusal

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
FIRST_EVENT_MAX_BYTES = 4096


async def result_of(
    response: httpx.Response, method: str, number: int, allowance: Allowance | None = None
) -> dict[str, Any]:
    """Read the answer to this question from an open response; raise HttpRefused, RpcRefused, NotMcp, OtherTransport."""
    if not response.is_success:
        raise await refusal(response, method)
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == EVENT_STREAM:
        found = await _streamed(response, method, number, allowance)
    elif kind == JSON:
        found = _answer(await body(response, allowance), number)
    else:
        raise NotMcp(f"The answer is neither {JSON} nor {EVENT_STREAM}.")
    if found and found.error:
        raise RpcRefused(method, found.error.code, found.error.message)
    if found is None or found.result is None:
        raise NotMcp(f"The answer to {method} is not a JSON-RPC response to it.")
    return found.result


async def acknowledged(response: httpx.Response) -> None:
    """Read what there is after a notification. It says nothing, but a connection that was read to its end can be used
    again."""
    await passed_over(pieces(response))


def _answer(data: bytes, number: int) -> Message | None:
    return next((message for message in messages(data) if message.answers(number)), None)


async def _streamed(response: httpx.Response, method: str, number: int, allowance: Allowance | None) -> Message | None:
    """Return the first message that answers; what else the server has to say before that is passed over. Raises
    Interrupted."""
    rest = pieces(response, allowance)
    event = EventStream()
    async for piece in rest:
        for data in event.fed(piece):
            if message := _answer(data, number):
                await passed_over(rest)
                return message
    last_id = event.last_id.decode("ascii", "replace")
    if last_id.isascii() and last_id.isprintable() and last_id:
        raise Interrupted(method, last_id, event.retry_s)
    return None


async def opens_old_transport(response: httpx.Response) -> bool:
    """Return whether this stream begins with the event that says where to post to."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    began = b""
    if response.is_success and kind == EVENT_STREAM:
        async for piece in pieces(response):
            began += piece
            if b"data:" in began or len(began) > FIRST_EVENT_MAX_BYTES:
                break
    return re.search(rb"^event: ?endpoint\r?$", began, re.MULTILINE) is not None
