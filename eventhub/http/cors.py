"""What a page of another origin may read of a stream, which is answered before Django: what django-cors-headers says of
any other call, by the same settings."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from corsheaders.middleware import CorsMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

NO_PREFLIGHT = 299  # a status that nobody gets: what follows is for the application to answer
DECIDED = ("access-control-", "vary")  # how the headers begin that say it


class WithCors:
    """An ASGI application around one that Django does not see."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._decide = CorsMiddleware(no_preflight)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        decided: Any = self._decide(ASGIRequest(scope, BytesIO()))
        headers = [
            (name.lower().encode(), value.encode("latin-1"))
            for name, value in decided.items()
            if name.lower().startswith(DECIDED)
        ]
        if decided.status_code != NO_PREFLIGHT:
            headers.append((b"content-length", b"0"))
            await send({"type": "http.response.start", "status": decided.status_code, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return

        async def send_with_headers(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await self.application(scope, receive, send_with_headers if headers else send)


def no_preflight(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=NO_PREFLIGHT)
