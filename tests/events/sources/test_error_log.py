"""Errors that are logged become events: counted, bounded, without what they may not tell, and without recursion."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from eventhub.logs import RedactTokens
from events.log.records import LogUnavailable
from events.models import Event
from events.sources import error_log
from events.sources.error_log import ErrorLog
from tests.waiting import WITHIN_S, eventually

pytestmark = pytest.mark.django_db(transaction=True)

logger = logging.getLogger("tests.failing")


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(error_log, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[ErrorLog]:
    monkeypatch.setattr(error_log, "STOP_TIMEOUT", WITHIN_S)
    handler = ErrorLog()
    handler.addFilter(RedactTokens())
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
    handler.finish()


def payloads() -> list[dict[str, Any]]:
    return [event.payload for event in Event.objects.filter(type="system_error").order_by("pk")]


def fail(what: object = "disk full") -> None:
    try:
        raise OSError("/secret/path")
    except OSError:
        logger.exception("Cannot write: %s", what)


def test_an_error_is_told_at_once_with_its_class_but_not_with_what_was_raised() -> None:
    fail()
    eventually(payloads)
    [error] = payloads()
    assert error.pop("fingerprint")
    assert error == {
        "component": "tests.failing",
        "error_class": "OSError",
        "message": "Cannot write: disk full",
        "count": 1,
        "severity": "error",
    }
    assert "secret" not in Event.objects.get(type="system_error").data


def test_repeats_are_counted_in_one_event_an_interval(clock: Clock, handler: ErrorLog) -> None:
    fail()
    eventually(payloads)
    for number in range(5):
        fail(number)
    assert len(payloads()) == 1
    clock.now += error_log.INTERVAL
    fail("again")
    eventually(lambda: len(payloads()) == 2)
    assert [error["count"] for error in payloads()] == [1, 6]
    assert payloads()[1]["message"] == "Cannot write: again"


def test_what_is_counted_is_told_when_the_process_ends(handler: ErrorLog) -> None:
    fail()
    eventually(payloads)
    fail()
    handler.finish()
    assert [error["count"] for error in payloads()] == [1, 1]


def test_errors_that_differ_are_bounded(handler: ErrorLog, monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(error_log, "MAX_ERRORS", 2)
    assert handler.lock
    with handler.lock:  # nothing is told before all are counted
        for number in range(5):
            record = logger.makeRecord(logger.name, logging.ERROR, f"module_{number}.py", 1, "failed", (), None)
            handler.handle(record)
    handler.finish()
    assert [error["count"] for error in payloads()] == [1, 1, 3]  # two, and all others together


def test_a_warning_is_no_error_and_a_critical_record_is_critical() -> None:
    logger.warning("odd")
    logger.critical("the end")
    eventually(payloads)
    assert [(error["message"], error["severity"]) for error in payloads()] == [("the end", "critical")]


def test_tokens_are_left_out_and_long_messages_are_cut() -> None:
    logger.error("GET /ws?token=ehub_secret %s", "x" * 1000)
    eventually(payloads)
    [error] = payloads()
    assert "ehub_secret" not in error["message"]
    assert len(error["message"]) == error_log.MAX_TEXT


def test_an_error_while_broadcasting_is_not_told_of_in_turn(
    monkeypatch: pytest.MonkeyPatch, handler: ErrorLog, caplog: pytest.LogCaptureFixture
) -> None:
    tried = threading.Event()

    def fail_and_log(events: list[Any]) -> None:
        logger.error("while broadcasting")
        tried.set()
        raise LogUnavailable

    monkeypatch.setattr(error_log, "broadcast_events", fail_and_log)
    fail()
    assert tried.wait(WITHIN_S)
    handler.finish()
    assert not payloads()
    assert "1 errors could not be broadcast" in caplog.text


def test_a_record_that_cannot_be_formatted_is_told_as_it_came_but_for_what_is_secret(
    handler: ErrorLog, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("?token=hunter2",)
    handler.handle(logger.makeRecord(logger.name, logging.ERROR, __file__, 1, "%d", arguments, None))
    handler.finish()
    assert [each["message"] for each in payloads()] == ["%d % ('?token=***',)"]
    assert "hunter2" not in capsys.readouterr().err
