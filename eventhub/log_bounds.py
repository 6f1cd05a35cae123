"""Keeps the log small, whatever is sent to us: long lines are cut, and what anybody can cause is told seldom."""

from __future__ import annotations

import logging
import time

MAX_CHARACTERS_OF_LINE = 2_000  # of a message, and of each line of a traceback
EVERY_S = 5.0  # between two lines of a kind
MAX_KINDS = 1_000
# Whose warnings a stranger can cause with each request. Those of Django's security loggers are what was sent.
LOUD = ("uvicorn.error", "eventhub.server.lobby", "subscriptions.transports.websocket.consumer", "daphne", "twisted")
SECURITY = "django.security."


class Bounded(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._told: dict[object, tuple[float, int]] = {}  # kind → when, and how many were left out since

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self._left_out(record)
        if left_out is None:
            return False
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the handler says so, and raises nothing
            return True
        if left_out:
            message = f"{cut(message)} (And {left_out:,} more lines of this kind since the last one.)"
        if left_out or len(message) > MAX_CHARACTERS_OF_LINE:
            record.msg, record.args = cut(message), ()
        if record.exc_text:
            record.exc_text = "\n".join(map(cut, record.exc_text.split("\n")))
        return True

    def _left_out(self, record: logging.LogRecord) -> int | None:
        """Return how many lines of this kind were left out since the last one; None: this one is, too."""
        kind = kind_of(record)
        if kind is None:
            return 0
        now = time.monotonic()
        told_at, left_out = self._told.get(kind, (-EVERY_S, 0))
        if now - told_at < EVERY_S:
            self._told[kind] = (told_at, left_out + 1)
            return None
        if len(self._told) >= MAX_KINDS:
            self._told.clear()
        self._told[kind] = (now, 0)
        return left_out


def kind_of(record: logging.LogRecord) -> object:
    """Return what is told at most once in a while; None for what is always told."""
    if record.name.startswith(SECURITY):
        return record.name
    if record.levelno <= logging.WARNING and record.name.startswith(LOUD):
        return record.name, record.msg
    return None


def cut(text: str) -> str:
    if len(text) <= MAX_CHARACTERS_OF_LINE:
        return text
    half = MAX_CHARACTERS_OF_LINE // 2
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters are left out here) … {text[-half:]}"
