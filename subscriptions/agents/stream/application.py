"""The ASGI application at `/mcp`: streams are answered here, everything else by Django."""

from __future__ import annotations

import time
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from subscriptions.agents.stream.form import EventsForm
from subscriptions.agents.view import server
from subscriptions.transports.http_stream.stream import HttpStream

STREAM = b"events/stream"  # the method, as the header says it that every request of the present era has


class AgentStreams:
    """An ASGI application around the one for all other methods."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        if scope["method"] != "POST" or headers.get(b"mcp-method") != STREAM:
            await self.application(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        asked = server().read_stream(ASGIRequest(scope, BytesIO(body)))
        if isinstance(asked, HttpResponse):
            await answer(asked, send)
        else:
            await HttpStream(EventsForm(*asked, time.time()), scope, receive, send).run()


async def read_body(receive: Any) -> bytes | None:
    """Return the body of a request, of which others have judged the length; None if the client has left."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def answer(response: HttpResponse, send: Any) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
    headers.append((b"content-length", str(len(response.content)).encode()))
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
