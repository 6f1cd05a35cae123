"""Who is acting: the user of the request that is being answered, for sources that only see a row change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

SYSTEM = "(system)"  # no request: a command, a shell, a monitor
ANONYMOUS = "(anonymous)"  # a request of nobody who is signed in

_request: ContextVar[HttpRequest | None] = ContextVar("eventhub_request", default=None)


@sync_and_async_middleware
def remember_request(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Remember the request for as long as it is answered (a middleware); not its user: the API authenticates a token
    later."""
    if iscoroutinefunction(get_response):
        answer = cast(Callable[[HttpRequest], Awaitable[HttpResponseBase]], get_response)

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            token = _request.set(request)
            try:
                return await answer(request)
            finally:
                _request.reset(token)

        return in_async

    def in_sync(request: HttpRequest) -> Any:
        token = _request.set(request)
        try:
            return get_response(request)
        finally:
            _request.reset(token)

    return in_sync


def username() -> str:
    """Return the name of who is acting now, or one of the two words above."""
    request = _request.get()
    if request is None:
        return SYSTEM
    user = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else ANONYMOUS
