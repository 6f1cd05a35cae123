"""Fixtures for tests of events that need no server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from events.log import search
from tests.events.callers import person
from tests.events.unread_pages import unread


@pytest.fixture(autouse=True)
def unhurried_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no search of the log run out of its time, however busy the machine is: tests of that time set it."""
    monkeypatch.setattr(search, "SECONDS", 60)


@pytest.fixture
def emitter() -> Client:
    """Return a client of somebody who may emit events from outside."""
    return person("ada", may_emit=True)


@pytest.fixture
def unread_pages() -> Iterator[None]:
    """Let no page of the admin be rendered whose content the test does not read."""
    with unread():
        yield
