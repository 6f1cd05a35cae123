"""Fixtures for tests of events that need no server."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from tests.events.callers import person


@pytest.fixture
def unhashed_static_files(settings: Settings) -> None:
    """Let pages be rendered in the test's own process, where no static files are collected."""
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}


@pytest.fixture
def emitter() -> Client:
    """Return a client of somebody who may emit events from outside."""
    return person("ada", may_emit=True)
