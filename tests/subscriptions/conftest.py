"""Fixtures for tests of delivery in their own process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pytest_django import Settings

from subscriptions.live.dispatcher import Dispatcher
from tests.subscriptions.stepped import stepped


@pytest.fixture
def quiet(settings: Settings) -> None:
    """Let no poll and no doorbell move a dispatcher: the test does."""
    settings.EVENTHUB_LOOK_INTERVAL = 0
    settings.EVENTHUB_DOORBELLS = False


@pytest.fixture
async def dispatcher(quiet: None) -> AsyncIterator[Dispatcher]:
    """Give a dispatcher that has caught up, and moves only when the test steps it."""
    async with stepped() as dispatcher:
        await dispatcher.follower.step()
        yield dispatcher
