"""Fixtures for tests of events that need no server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from events.log import search
from events.notify import doorbell
from tests.events.callers import person
from tests.events.notify.layer import Layer
from tests.events.unread_pages import unread
from tests.waiting import WITHIN_S


@pytest.fixture(autouse=True)
def unhurried_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no search of the log run out of its time, however busy the machine is: tests of that time set it."""
    monkeypatch.setattr(search, "SECONDS", 60)


@pytest.fixture
def emitter() -> Client:
    """Return a client of somebody who may emit events from outside."""
    return person("ada", may_emit=True)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Layer]:
    """Give a channel layer that a doorbell of this test rings by, and is patient with."""
    layer = Layer()
    monkeypatch.setattr(doorbell, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(doorbell, "_bell", None)
    monkeypatch.setattr(doorbell, "SEND_TIMEOUT", 10 * WITHIN_S)
    yield layer
    layer.open.set()
    assert layer.all_sent()


@pytest.fixture
def unread_pages() -> Iterator[None]:
    """Let no page of the admin be rendered whose content the test does not read."""
    with unread():
        yield
