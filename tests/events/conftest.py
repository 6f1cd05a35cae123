"""Fixtures for tests of events that need no server."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.events.callers import person


@pytest.fixture
def emitter() -> Client:
    """Return a client of somebody who may emit events from outside."""
    return person("ada", may_emit=True)
