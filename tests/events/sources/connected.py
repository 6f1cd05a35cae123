"""Connects a source to the signals of models for as long as a test needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save


@contextmanager
def connected(connect: Callable[[], None]) -> Iterator[None]:
    """Keep what a source connects to the signals of models connected in the block alone."""
    signals = (pre_save, post_save, pre_delete, post_delete, m2m_changed)
    before = [[*signal.receivers] for signal in signals]
    connect()
    try:
        yield
    finally:
        for signal, receivers in zip(signals, before, strict=True):
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()
