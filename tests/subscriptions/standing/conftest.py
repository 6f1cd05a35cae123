"""Fixtures for tests of standing subscriptions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.subscriptions.standing.stepped import Stepped


@pytest.fixture
def stepped(db: None, settings: Settings) -> Iterator[Stepped]:
    """Give a process that delivers, which moves only when the test steps it."""
    settings.EVENTHUB_DOORBELLS = False
    process = Stepped()
    yield process
    process.close()
