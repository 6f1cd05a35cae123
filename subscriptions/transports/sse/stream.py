"""The ASGI application at `/api/v1/events/stream`. Django's own streaming would hold a thread for each client."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from events.core.problems import shown
from subscriptions.transports.http_stream.answer import StreamAnswer
from subscriptions.transports.http_stream.refused import Refused
from subscriptions.transports.http_stream.stream import HttpStream
from subscriptions.transports.sse.form import EventStreamForm

METHODS = "GET, HEAD, OPTIONS"
ALLOW = (b"allow", METHODS.encode())


async def event_stream(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer with a stream; HEAD with what GET would say before it; OPTIONS with the methods."""
    form = EventStreamForm(scope)
    method = scope["method"]
    if method in ("GET", "HEAD"):
        await HttpStream(form, scope, receive, send).run()
    elif method == "OPTIONS":
        await send({"type": "http.response.start", "status": HTTPStatus.NO_CONTENT.value, "headers": [ALLOW]})
        await send({"type": "http.response.body", "body": b""})
    else:
        sentence = f"Method {shown(method)} is not allowed. Allowed: {METHODS}."
        refused = Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", sentence)
        refused.headers.append(ALLOW)
        await StreamAnswer(form, send).refuse(refused)
