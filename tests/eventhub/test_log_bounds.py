"""What anybody can cause fills no log."""

from __future__ import annotations

import logging

import pytest

from eventhub import log_bounds
from eventhub.log_bounds import MAX_CHARACTERS_OF_LINE, Bounded


class Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(Bounded())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def tell(self, name: str, message: str, *arguments: object, level: int = logging.WARNING) -> None:
        self.handle(logging.getLogger(name).makeRecord(name, level, "", 0, message, arguments, None))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    monkeypatch.setattr(log_bounds, "EVERY_S", 3600)
    return Lines()


def test_a_long_line_is_cut_and_says_so(log: Lines) -> None:
    log.tell("events.log", "%s!", "a" * 60_000, level=logging.ERROR)
    [line] = log.lines
    assert len(line) < MAX_CHARACTERS_OF_LINE + 100
    assert "58,001 characters are left out" in line
    assert line.endswith("a!")


@pytest.mark.parametrize("name", ["django.security.DisallowedHost", "django.security.csrf"])
def test_what_strangers_cause_is_told_once_in_a_while_however_they_word_it(
    log: Lines, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(200):
        log.tell(name, f"Invalid HTTP_HOST header: {number}.", level=logging.ERROR)
    assert len(log.lines) == 1
    monkeypatch.setattr(log_bounds, "EVERY_S", 0)
    log.tell(name, "Invalid HTTP_HOST header: again.")
    assert log.lines[1:] == ["Invalid HTTP_HOST header: again. (And 199 more lines of this kind since the last one.)"]


def test_another_kind_is_told_at_once(log: Lines) -> None:
    for _ in range(3):
        log.tell("uvicorn.error", "Invalid HTTP request received.")
        log.tell("uvicorn.error", "Unsupported upgrade request.")
    assert log.lines == ["Invalid HTTP request received.", "Unsupported upgrade request."]


def test_nothing_else_is_left_out(log: Lines) -> None:
    for _ in range(3):
        log.tell("uvicorn.error", "Exception in ASGI application", level=logging.ERROR)
        log.tell("events.log", "Events are logged, but could not be placed")
    assert len(log.lines) == 6
