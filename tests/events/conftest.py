from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from pytest_django import Settings


@pytest.fixture
def unhashed_static_files(settings: Settings) -> None:
    """For pages that are rendered in the test's own process, where no static files are collected."""
    staticfiles = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": staticfiles}


@contextmanager
def connected(connect: Callable[[], None]) -> Iterator[None]:
    """What a source connects to the signals of models is connected in the block alone."""
    signals = (pre_save, post_save, pre_delete, post_delete, m2m_changed)
    before = [[*signal.receivers] for signal in signals]
    connect()
    try:
        yield
    finally:
        for signal, receivers in zip(signals, before, strict=True):
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
