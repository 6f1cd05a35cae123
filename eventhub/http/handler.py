"""Django's handler of HTTP, with all of a request in one thread: middleware, view, and the end of the request.

Django itself makes a new thread for each request, and goes between that thread and the event loop at each middleware
that is not async. All of ours, and all views, are sync.

The connection to the database ends with the request. What ends is kept for a moment: `events.database` has it.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from io import BytesIO
from typing import IO, Any

from asgiref.sync import ThreadSensitiveContext
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver, set_script_prefix
from django.utils.translation import get_language

THREADS = 64  # requests at once
KNOWN_ADDRESSES = 256  # whose views are remembered
KNOWN_LENGTH = 128  # characters of such an address


class OneThreadHandler(ASGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="eventhub-http")
        self._matches: dict[tuple[Any, str, str | None], ResolverMatch] = {}

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        try:
            body_file = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body_file):
            response = await self._in_thread(self._respond, scope, body_file)
            if not response.streaming:
                await self.send_response(response, send)
                return
            try:
                async with ThreadSensitiveContext():
                    await self._stream(response, receive, send)
            finally:
                await self._in_thread(response.close)

    async def read_body(self, receive: Any) -> IO[bytes]:
        """Return the body. One that comes as a whole, as nearly all do, is in memory already. Raises RequestAborted."""
        first = await receive()
        if first["type"] == "http.request" and not first.get("more_body", False):
            return BytesIO(first.get("body", b""))
        messages = [first]

        async def receive_again() -> Any:
            return messages.pop() if messages else await receive()

        whole: IO[bytes] = await super().read_body(receive_again)
        return whole

    async def send_response(self, response: Any, send: Any) -> None:
        """Send an answer. A short one is two messages, without what Django does for each header."""
        if response.streaming or response.cookies or len(response.content) > self.chunk_size:
            await super().send_response(response, send)
            return
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.headers._store.values()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": response.content})

    async def _in_thread(self, act: Any, *args: Any) -> Any:
        """Return what `act` does, in a thread. The loop's own way chains two futures, and costs three times as much."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._threads.submit(contextvars.copy_context().run, run_and_settle, loop, done, act, args)
        return await done

    def _respond(self, scope: dict[str, Any], body_file: IO[bytes]) -> Any:
        """Return the response. The request is over then, unless the response is a stream."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body_file)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if not response.streaming:
            response.close()
        return response

    def resolve_request(self, request: HttpRequest) -> Any:
        """Find the view as Django does, which tries all patterns with each request. What has no parameters, such as
        nearly all calls of the API, is found once for a language."""
        if hasattr(request, "urlconf"):
            return super().resolve_request(request)
        key = get_resolver(), request.path_info, get_language()
        match = self._matches.get(key)
        if match is None:
            match = super().resolve_request(request)
            if match.args or match.kwargs or len(request.path_info) > KNOWN_LENGTH:
                return match
            if len(self._matches) >= KNOWN_ADDRESSES:
                self._matches.clear()
            self._matches[key] = match
        request.resolver_match = match
        return match

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Send a stream until its end, or until the client has gone."""
        sending = asyncio.create_task(self.send_response(response, send))
        gone = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (sending, gone):
                task.cancel()
                with suppress(asyncio.CancelledError, RequestAborted):
                    await task


def run_and_settle(loop: asyncio.AbstractEventLoop, done: asyncio.Future[Any], act: Any, args: tuple[Any, ...]) -> None:
    """Call `act` in a thread, unless nobody waits any more, and let the loop say what came of it."""
    if done.cancelled():
        return
    result: Any = None
    failed: BaseException | None = None
    try:
        result = act(*args)
    except BaseException as error:  # noqa: BLE001  whatever it is, it is for the one who waits
        failed = error
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(settle, done, result, failed)
    del failed  # its traceback has this frame, and would keep all of it


def settle(done: asyncio.Future[Any], result: Any, failed: BaseException | None) -> None:
    """Give whoever waits the result, or what failed, in the loop's own thread."""
    if done.cancelled():
        return
    if failed is None:
        done.set_result(result)
    else:
        done.set_exception(failed)
