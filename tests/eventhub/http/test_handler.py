"""A request is answered in one thread, from the first middleware to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path
from django.utils.functional import lazy
from django.utils.translation import get_language

from eventhub.http.handler import OneThreadHandler

WAIT_S = 60.0  # asgiref's own second is not enough for a machine that has much to do

threads: list[str] = []
stopped: list[bool] = []


def note() -> None:
    threads.append(threading.current_thread().name)


def plain(request: HttpRequest) -> HttpResponse:
    note()
    return HttpResponse("plain")


def said(request: HttpRequest, word: str = "nothing") -> HttpResponse:
    return HttpResponse(word)


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


def failing(request: HttpRequest) -> HttpResponse:
    note()
    raise RuntimeError("told to nobody")


def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
                await asyncio.sleep(0.01)
        finally:
            stopped.append(True)

    return StreamingHttpResponse(parts())


urlpatterns = [
    path("plain", plain),
    path("echo", echo),
    path("failing", failing),
    path(lazy(lambda: f"in-{get_language()}", str)(), said),
    path("with/<str:word>", said),
    path("endless", endless),
    path("", include("eventhub.urls")),
]


@pytest.fixture(autouse=True)
def noted(settings: Any, unhashed_static_files: None) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

    def noticed(**_: object) -> None:
        note()

    threads.clear()
    stopped.clear()
    request_started.connect(noticed)
    request_finished.connect(noticed)
    yield
    request_started.disconnect(noticed)
    request_finished.disconnect(noticed)


async def asked(
    address: str, handler: OneThreadHandler | None = None, language: str = "en", pieces: Sequence[bytes] = (b"",)
) -> Any:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST" if any(pieces) else "GET",
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver"), (b"accept-language", language.encode())],
    }
    communicator: Any = ApplicationCommunicator(handler or OneThreadHandler(), scope)  # type: ignore[no-untyped-call]
    for number, piece in enumerate(pieces, 1):
        await communicator.send_input({"type": "http.request", "body": piece, "more_body": number < len(pieces)})
    return communicator


async def answer_of(communicator: Any) -> tuple[int, bytes]:
    """Return the status and what comes first of the body."""
    begin, body = await communicator.receive_output(WAIT_S), await communicator.receive_output(WAIT_S)
    return begin["status"], body["body"]


@pytest.mark.parametrize(("address", "status"), [("/plain", 200), ("/failing", 500), ("/none", 404)])
async def test_a_request_begins_is_answered_and_ends_in_one_thread(address: str, status: int) -> None:
    answered, body = await answer_of(await asked(address))
    assert answered == status
    assert b"told to nobody" not in body
    assert len(set(threads)) == 1
    assert threads[0].startswith("eventhub-http")
    assert len(threads) == (2 if status == 404 else 3)


async def test_a_stream_ends_when_its_client_has_gone_and_so_does_its_request() -> None:
    communicator = await asked("/endless")
    assert await answer_of(communicator) == (200, b"more")
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait(WAIT_S)
    assert stopped == [True]
    assert len(threads) == 2  # begun and ended


async def test_an_address_that_is_known_already_is_answered_with_its_own_words_and_in_its_language(
    settings: Any,
) -> None:
    settings.MIDDLEWARE = ["django.middleware.locale.LocaleMiddleware"]
    handler = OneThreadHandler()
    for address, word in (("/with/one", b"one"), ("/with/two", b"two"), ("/with/one", b"one")):
        assert await answer_of(await asked(address, handler)) == (200, word)
    for language, status in (("en", 200), ("de", 404), ("en", 200)):
        assert (await answer_of(await asked("/in-en", handler, language)))[0] == status, language


async def test_a_body_is_read_whether_it_comes_as_a_whole_or_in_pieces() -> None:
    for pieces in ((b"one two three",), (b"one ", b"two ", b"three"), (b"", b"one two three", b"")):
        assert await answer_of(await asked("/echo", pieces=pieces)) == (200, b"one two three"), pieces


async def test_an_answer_is_sent_as_django_itself_sends_it() -> None:
    with_cookie = HttpResponse("with a cookie")
    with_cookie.set_cookie("name", "value")
    answers = [
        HttpResponse("with headers", status=201, headers={"X-Latin": "\u00e9", "X-Other": "\u20ac"}),
        HttpResponse(status=204),
        HttpResponse("long" * OneThreadHandler.chunk_size),
        with_cookie,
    ]
    for answer in answers:
        sent: list[list[Any]] = [[], []]
        for handler, messages in zip((OneThreadHandler(), ASGIHandler()), sent, strict=True):

            async def send(message: Any, messages: list[Any] = messages) -> None:
                messages.append({"more_body": False, **message})

            await handler.send_response(answer, send)
        assert sent[0] == sent[1]
