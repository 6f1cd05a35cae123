"""Refuses a request whose body is longer than any view takes: Django itself would first write all of it to a file.

Daphne does so too, before it asks any application; behind it only a proxy's own limit helps.
"""

from __future__ import annotations

import json
from typing import Any

MAX_BODY = 8 * 1024 * 1024  # bytes; twice what the API takes, which says more of it

Message = dict[str, Any]


class BodyLimit:
    """An ASGI application around the one for HTTP."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if declared(scope) > MAX_BODY:
            await refuse(send)
            return
        received, too_long, answered = 0, False, False

        async def receive_bounded() -> Message:
            nonlocal received, too_long
            message: Message = await receive()
            received += len(message.get("body", b""))
            too_long = received > MAX_BODY
            return {"type": "http.disconnect"} if too_long else message

        async def send_unless_too_long(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self.application(scope, receive_bounded, send_unless_too_long)
        if too_long and not answered:
            await refuse(send)


def declared(scope: dict[str, Any]) -> int:
    """The length that the client announces; 0 when it announces none, or one that is no number."""
    length = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() else 0


async def refuse(send: Any) -> None:
    problem = {
        "type": "about:blank",
        "title": "Request Entity Too Large",
        "status": 413,
        "detail": f"The body is over {MAX_BODY:,} bytes; send it in parts.",
        "code": "limit_exceeded",
    }
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})
