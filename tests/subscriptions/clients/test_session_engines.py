"""A browser's socket stays open while its session is valid, and ends with it, also where a cache keeps the session."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client as Browser
from pytest_django import Settings

from events.access.identity import identity_of_session
from subscriptions.live.dispatcher import Dispatcher
from tests.subscriptions.stepped import Client
from tests.waiting import aeventually

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quiet")]

ENGINES = ("db", "cached_db", "cache")


@pytest.fixture(params=ENGINES)
def browser(request: pytest.FixtureRequest, settings: Settings) -> Browser:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "sockets"}}
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    browser = Browser()
    browser.force_login(User.objects.create_user("ada"))
    return browser


async def socket_of(browser: Browser, dispatcher: Dispatcher) -> Client:
    """Return a connection of the browser's session, which has subscribed."""
    client = Client(dispatcher)
    identity = await sync_to_async(identity_of_session)(browser.cookies["sessionid"].value)
    assert identity is not None
    client.connection.identity = identity
    await client.do("subscribe", event_types=["user_action"])
    return client


async def checked(dispatcher: Dispatcher) -> None:
    await dispatcher.access_watch.check_all(0)


async def test_a_socket_stays_open_while_its_session_is_valid(browser: Browser, dispatcher: Dispatcher) -> None:
    client = await socket_of(browser, dispatcher)
    for _ in range(2):
        await checked(dispatcher)
    assert not client.connection.outbox.closing
    assert len(client.connection.subscriptions) == 1


async def test_a_socket_ends_with_its_session_at_a_logout(browser: Browser, dispatcher: Dispatcher) -> None:
    client = await socket_of(browser, dispatcher)
    await sync_to_async(browser.post)("/account/sign-out")
    await checked(dispatcher)
    await aeventually(lambda: client.connection.outbox.closing)


async def test_a_cache_that_is_down_closes_no_socket_and_is_asked_again(
    browser: Browser, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = await socket_of(browser, dispatcher)
    with monkeypatch.context() as down:
        down.setattr(type(caches["default"]), "get_many", unreachable)
        await checked(dispatcher)
        assert not client.connection.outbox.closing
    await sync_to_async(browser.post)("/account/sign-out")
    await checked(dispatcher)
    await aeventually(lambda: client.connection.outbox.closing)


def unreachable(*args: object, **kwargs: object) -> None:
    raise ConnectionError("nobody listens")
