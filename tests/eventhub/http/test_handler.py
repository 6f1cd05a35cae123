"""A request is answered in one thread, from the first middleware to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import include, path

from eventhub.http.handler import OneThreadHandler

threads: list[str] = []
stopped: list[bool] = []


def note() -> None:
    threads.append(threading.current_thread().name)


def plain(request: HttpRequest) -> HttpResponse:
    note()
    return HttpResponse("plain")


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
    path("failing", failing),
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


async def asked(address: str) -> Any:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": address,
        "raw_path": address.encode(),
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
    }
    communicator: Any = ApplicationCommunicator(OneThreadHandler(), scope)  # type: ignore[no-untyped-call]
    await communicator.send_input({"type": "http.request"})
    return communicator


@pytest.mark.parametrize(("address", "status"), [("/plain", 200), ("/failing", 500), ("/none", 404)])
async def test_a_request_begins_is_answered_and_ends_in_one_thread(address: str, status: int) -> None:
    communicator = await asked(address)
    assert (await communicator.receive_output())["status"] == status
    body = await communicator.receive_output()
    assert b"told to nobody" not in body["body"]
    assert len(set(threads)) == 1
    assert threads[0].startswith("eventhub-http")
    assert len(threads) == (2 if status == 404 else 3)


async def test_a_stream_ends_when_its_client_has_gone_and_so_does_its_request() -> None:
    communicator = await asked("/endless")
    assert (await communicator.receive_output())["status"] == 200
    assert (await communicator.receive_output())["body"] == b"more"
    await communicator.send_input({"type": "http.disconnect"})
    await communicator.wait()
    assert stopped == [True]
    assert len(threads) == 2  # begun and ended
