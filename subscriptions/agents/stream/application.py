"""The ASGI application at `/mcp`: streams are answered here, everything else by Django."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from subscriptions.agents.oauth.addresses import challenge
from subscriptions.agents.stream.form import EventsForm
from subscriptions.agents.stream.listening import ListenForm, ListenStream
from subscriptions.agents.view import server
from subscriptions.protocol.mcp_events import ListenParams, StreamParams
from subscriptions.transports.http_stream.stream import HttpStream


def events(scope: dict[str, Any], receive: Any, send: Any, id: str | int, params: StreamParams) -> HttpStream:
    return HttpStream(EventsForm(id, params, time.time(), challenge_of(scope)), scope, receive, send)


def changes(scope: dict[str, Any], receive: Any, send: Any, id: str | int, params: ListenParams) -> HttpStream:
    return ListenStream(ListenForm(id, params, challenge_of(scope)), scope, receive, send)


def challenge_of(scope: dict[str, Any]) -> str:
    return challenge(ASGIRequest(scope, BytesIO()), is_wrong=True)


# By method, as the header says it that every request of the present era has.
STREAMS: dict[bytes, tuple[type[Any], Callable[..., HttpStream]]] = {
    b"events/stream": (StreamParams, events),
    b"subscriptions/listen": (ListenParams, changes),
}


class AgentStreams:
    """An ASGI application around the one for all other methods."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        method = dict(scope["headers"]).get(b"mcp-method", b"")
        if scope["method"] != "POST" or method not in STREAMS:
            await self.application(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        shape, stream = STREAMS[method]
        asked = server().read_stream(ASGIRequest(scope, BytesIO(body)), shape)
        if isinstance(asked, HttpResponse):
            await answer(asked, send)
        else:
            await stream(scope, receive, send, *asked).run()


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
