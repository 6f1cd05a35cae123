"""Errors that any part of this process logs, as `system_error` events.

The code that logs an error does not wait: a thread of its own broadcasts. An interval has one event for each error,
with a count. Errors of the broadcasting itself cause no event.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import threading
import time
from typing import Any

from django.db import connection

from events import error_handler
from events.broadcast import Broadcast, broadcast_events

logger = logging.getLogger(__name__)

SOURCE = "logging"
INTERVAL = 60.0  # seconds between two events about the same error
MAX_ERRORS = 500  # that differ, in one interval; beyond them, errors are told of as one
MAX_TEXT = 300  # characters of a message
STOP_TIMEOUT = 2.0  # seconds that a process may wait at its end for its last errors


def connect() -> None:
    handler = ErrorLog()
    error_handler.listen(handler)
    atexit.register(handler.finish)


class Failure:
    """One kind of error: how often it was logged since it was last told of, and as what."""

    __slots__ = ("data", "due", "untold")

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.due = 0.0  # time.monotonic(), from which on it may be told of
        self.untold = 0


class ErrorLog(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._errors: dict[str, Failure] = {}  # by fingerprint; the handler's lock guards them
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._pid = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Emit a record. The handler's lock is held."""
        if threading.current_thread() is self._thread:
            return
        try:
            data = payload_of(record)
        except Exception:  # noqa: BLE001  logging's own way with a record that cannot be formatted
            self.handleError(record)
            return
        fingerprint = data["fingerprint"]
        if fingerprint not in self._errors and len(self._errors) >= MAX_ERRORS:
            fingerprint = ""
        error = self._errors.setdefault(fingerprint, Failure())
        error.data = data
        error.untold += 1
        if error.due <= time.monotonic():
            self._begin()
            self._wake.set()

    def _begin(self) -> None:
        if self._pid != os.getpid():  # a fork has the object but not its thread
            self._pid = os.getpid()
            self._wake = threading.Event()  # that thread may have been about to wait, and hold it
            self._thread = threading.Thread(target=self._run, name="eventhub-errors", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """Tell of what has been counted, as far as that takes no more than two seconds."""
        if self._thread is not None and self._pid == os.getpid():
            self._stopping = True
            self._wake.set()
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            self._wake.wait(self._until_due())
            self._wake.clear()
            stopping = self._stopping
            self._broadcast(self._take(float("inf") if stopping else time.monotonic()))

    def _until_due(self) -> float | None:
        """Return the seconds until the next event is due; None while there is nothing to tell."""
        with self.lock:  # type: ignore[union-attr]
            due = [error.due for error in self._errors.values() if error.untold]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _take(self, now: float) -> list[dict[str, Any]]:
        """Return what is to be told of now; errors that have been quiet since they were told of are forgotten."""
        with self.lock:  # type: ignore[union-attr]
            self._errors = {key: each for key, each in self._errors.items() if each.untold or each.due > now}
            due = [error for error in self._errors.values() if error.untold and error.due <= now]
            told = [{**error.data, "count": error.untold} for error in due]
            for error in due:
                error.untold, error.due = 0, now + INTERVAL
        return told

    def _broadcast(self, errors: list[dict[str, Any]]) -> None:
        if not errors:
            return
        try:
            broadcast_events([Broadcast("system_error", data, SOURCE) for data in errors])
        except Exception as problem:  # noqa: BLE001  the edge of a loop; the log of this process has the errors
            logger.warning("%d errors could not be broadcast: %s", sum(each["count"] for each in errors), problem)
        finally:
            connection.close()  # errors are rare


def payload_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the payload of a `system_error`: what was logged, and of what was raised only the class, because its text
    and traceback may hold anything."""
    raised = record.exc_info[0] if record.exc_info else None
    error_class = raised.__name__ if raised else ""
    origin = f"{record.name} {error_class} {record.pathname}:{record.lineno}"
    return {
        "component": record.name,
        "error_class": error_class,
        "message": record.getMessage().strip()[:MAX_TEXT],
        "fingerprint": hashlib.sha256(origin.encode()).hexdigest()[:16],
        "severity": "critical" if record.levelno >= logging.CRITICAL else "error",
    }
