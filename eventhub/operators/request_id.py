"""Gives each request an id, its own or a new one: the log has it, and the answer tells it."""

from __future__ import annotations

import re
import secrets
from typing import Any

from events.log_ids import REQUEST

HEADER = b"x-request-id"
GIVEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")  # by a proxy; anything else is not repeated


class RequestIds:
    """An ASGI application around all others."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        id = given.decode() if GIVEN.fullmatch(given) else secrets.token_hex(8)
        token = REQUEST.set(id)
        try:
            if scope["type"] == "http":
                await self.application(scope, receive, telling(send, id.encode()))
            else:
                await self.application(scope, receive, send)
        finally:
            REQUEST.reset(token)


def telling(send: Any, id: bytes) -> Any:
    async def send_with_id(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (HEADER, id)]
        await send(message)

    return send_with_id
