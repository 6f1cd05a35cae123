"""What a server says with an HTTP status that is none of success: why, for how long, and where to go instead."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from events.mcp.probe.failures import HttpRefused, NotMcp, OtherTransport, RpcRefused
from events.mcp.probe.wire import redirect
from events.mcp.probe.wire.body import pieces
from events.mcp.probe.wire.message import messages

BODY_MAX_BYTES = 64 * 1024  # JSON-RPC errors may carry much that is not shown
BODY_S = 1.0  # for a body that does not end: the status tells enough
REASON_MAX = 2_000  # characters: what is longer is no reason. Not cut: half a secret would not be found and blotted out
# What servers of https say to those who speak http to them: nginx, Go's, Apache.
SAYS_HTTPS = ("plain http request was sent to https port", "http request to an https server", "plain http to an ssl")
# Words of a reason that stand before something that nobody should read.
CREDENTIAL = re.compile(
    r"(?i)((?:passw|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|credential|authorization)[\w-]*"
    r"[\"']?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?\S+|(://)[^/@\s]+@"
)
WORDS = ("message", "detail", "error_description", "error", "title")  # members of JSON that may say why


async def refusal(response: httpx.Response, method: str) -> HttpRefused:
    """Return the failure that this response is; raise OtherTransport if it says that https is spoken here."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await _body(response)
    rpc, reason = None, ""
    if kind == "application/json" or kind.endswith("+json"):
        # Both eras tell in a JSON-RPC error what they do not like; its id may be null then.
        error = next((each.error for each in messages(data) if each.error), None)
        rpc = RpcRefused(method, error.code, error.message) if error else None
        reason = "" if rpc else _of_json(data)
    text = data.decode("utf-8", "replace")
    if any(saying in text.lower() for saying in SAYS_HTTPS):
        raise OtherTransport("It speaks https: register its address with https:// instead of http://.")
    if kind == "text/plain":
        reason = text
    target = redirect.target_of(response)
    return HttpRefused(
        response.status_code,
        retry_after_s=retry_after(response.headers.get("retry-after", "")),
        rpc=rpc,
        reason=shown_reason(reason),
        location="" if target is None else redirect.shown_address(target),
    )


def shown_reason(reason: str) -> str:
    """Return the first line with something in it, without what looks like a credential."""
    if len(reason) > REASON_MAX:
        return ""
    line = next((line.strip() for line in reason.splitlines() if line.strip()), "")
    return CREDENTIAL.sub(lambda found: f"{found[1]}***" if found[1] else "://***@", line)


async def _body(response: httpx.Response) -> bytes:
    data = bytearray()
    with suppress(TimeoutError, NotMcp, httpx.HTTPError):
        async with asyncio.timeout(BODY_S):
            async for piece in pieces(response):
                data += piece
                if len(data) > BODY_MAX_BYTES:
                    break
    return bytes(data)


def _of_json(data: bytes) -> str:
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    members = said if isinstance(said, dict) else {}
    if isinstance(members.get("error"), dict):
        members = members["error"]
    return next((members[word] for word in WORDS if isinstance(members.get(word), str)), "")


def retry_after(text: str) -> float | None:
    """Return the seconds that the server asks to be left alone, given as a number or as a date; of what is neither,
    None."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
        return max(0.0, (at - datetime.now(UTC)).total_seconds()) if at.tzinfo else None
    except (ValueError, OverflowError, TypeError, IndexError):  # the parser's own bounds, and a year that no date has
        return None
