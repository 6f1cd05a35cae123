"""The addresses of operators, answered before Django: any Host may ask, and no middleware can fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

PLAIN = "text/plain; charset=utf-8"
HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
METHODS = ("GET", "HEAD")


class Answer(NamedTuple):
    body: str | bytes
    status: int = 200
    content_type: str = PLAIN


Address = Callable[[dict[str, Any]], Awaitable[Answer]]


class OperatorsRouter:
    """An ASGI application around the one for HTTP."""

    def __init__(self, application: Any, addresses: Mapping[str, Address]) -> None:
        self.application = application
        self.addresses = addresses

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        address = self.addresses.get(scope["path"].removesuffix("/"))
        if address is None:
            await self.application(scope, receive, send)
            return
        headers = HEADERS
        if scope["method"] in METHODS:
            answer = await address(scope)
        else:
            answer = Answer("Only GET and HEAD are allowed here.\n", 405)
            headers = [*HEADERS, (b"allow", b"GET, HEAD")]
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = [
            *headers,
            (b"content-type", answer.content_type.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
