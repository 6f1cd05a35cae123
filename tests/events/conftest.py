from __future__ import annotations

import pytest
from pytest_django import Settings


@pytest.fixture
def unhashed_static_files(settings: Settings) -> None:
    """For pages that are rendered in the test's own process, where no static files are collected."""
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}
