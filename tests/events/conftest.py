"""Fixtures for tests of events that need no server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.events.callers import person
from tests.events.unread_pages import unread


@pytest.fixture
def emitter() -> Client:
    """Return a client of somebody who may emit events from outside."""
    return person("ada", may_emit=True)


@pytest.fixture
def unread_pages() -> Iterator[None]:
    """Let no page of the admin be rendered whose content the test does not read."""
    with unread():
        yield
