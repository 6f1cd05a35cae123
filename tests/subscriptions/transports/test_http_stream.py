"""What all streams over HTTP share, without a server: quiet times, leaving, and what fails on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import OperationalError
from knox.models import AuthToken
from pytest_django import Settings

from subscriptions.live import dispatcher
from subscriptions.transports.http_stream import stream as http_stream
from subscriptions.transports.sse.stream import event_stream
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]


class Request:
    """A request, as a server passes it on, and what it was answered."""

    def __init__(self, token: str, query: str = "event_type=user_login") -> None:
        self.scope = {
            "type": "http",
            "method": "GET",
            "query_string": query.encode(),
            "headers": [(b"authorization", f"Bearer {token}".encode())],
        }
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received.put_nowait({"type": "http.request", "body": b""})
        self.sent: list[dict[str, Any]] = []
        self.broken: Exception | None = None

    async def send(self, message: dict[str, Any]) -> None:
        if self.broken is not None:
            raise self.broken
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None

    @property
    def body(self) -> str:
        return b"".join(message["body"] for message in self.sent[1:]).decode()


@asynccontextmanager
async def running(request: Request) -> AsyncIterator[None]:
    task = asyncio.create_task(event_stream(request.scope, request.received.get, request.send))
    try:
        yield
    finally:
        request.received.put_nowait({"type": "http.disconnect"})
        await task


@pytest.fixture
async def token() -> str:
    user = await User.objects.acreate(username="ada")
    _, token = await sync_to_async(AuthToken.objects.create)(user)
    return str(token)


async def test_in_quiet_times_a_client_is_told_its_position(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "QUIET_S", 0.01)
    request = Request(token)
    async with running(request):
        await aeventually(lambda: len(request.sent) >= 4)
        hub = dispatcher.of_running_loop().hub
        first, *quiet, _ = request.body.split("\n\n")
        assert first.startswith("event: subscribed\n")
        assert set(quiet) == {f"id: {hub.position_id_of(hub.position)}"}
    assert hub.connections == set()
    assert http_stream.open_streams == set()


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("closed")])
async def test_a_client_that_leaves_while_it_is_written_to_is_let_go(token: str, error: Exception) -> None:
    request = Request(token)
    request.broken = error
    async with running(request):
        await aeventually(lambda: http_stream.open_streams)
    assert http_stream.open_streams == set()


async def test_a_crowd_and_a_database_that_is_away_are_told_when_to_come_back(
    token: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = Request(token), Request(token), Request(token)
    settings.EVENTHUB_MAX_CONNECTIONS_PER_USER = 1
    async with running(first):
        await aeventually(lambda: first.status == 200)
        async with running(second):
            await aeventually(lambda: second.body)
        monkeypatch.setattr(dispatcher.of_running_loop().token_lookup, "identify", away)
        async with running(third):
            await aeventually(lambda: third.body)
    assert [(each.status, json.loads(each.body)["code"]) for each in (second, third)] == [
        (429, "too_many_requests"),
        (503, "unavailable"),
    ]
    assert all(dict(each.sent[0]["headers"])[b"retry-after"] for each in (second, third))


async def away(*args: object) -> None:
    raise OperationalError("the database is locked")


async def test_what_nobody_has_foreseen_is_logged_and_answered(
    token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_stream, "identify", bug)
    request = Request(token)
    async with running(request):
        await aeventually(lambda: request.body)
    assert (request.status, json.loads(request.body)["code"]) == (500, "internal_error")
    assert "a bug" not in request.body
    assert "A request for a stream failed." in caplog.text


async def bug(*args: object, **options: object) -> None:
    raise KeyError("a bug")
