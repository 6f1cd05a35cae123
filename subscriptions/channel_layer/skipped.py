"""Messages that are left out. Each is counted, but the log tells of them only now and then: anybody may send many."""

from __future__ import annotations

import logging
import time

LOG_EVERY = 10.0  # seconds


class Skipped:
    def __init__(self, logger: logging.Logger, what: str) -> None:
        """Count what is skipped. `what` is how a line in the log begins."""
        self.count = 0
        self._logger = logger
        self._what = what
        self._log_after = 0.0  # time.monotonic()

    def one(self, why: object) -> None:
        self.count += 1
        if time.monotonic() >= self._log_after:
            self._log_after = time.monotonic() + LOG_EVERY
            self._logger.warning("%s, %d so far: %s.", self._what, self.count, why)
