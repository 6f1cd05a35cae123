from __future__ import annotations

import logging
import re

from events.database.trouble import is_away

_TOKEN = re.compile(r"(token=)[^\s&\"'#]+", re.IGNORECASE)
_FORMATTER = logging.Formatter()


def redact(text: str) -> str:
    return _TOKEN.sub(r"\1***", text)


class RedactTokens(logging.Filter):
    """Keeps the token of `?token=…` out of a record's message and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit: the handler says so, and raises nothing
            return True
        if "token=" in message.lower():
            record.msg, record.args = redact(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(_FORMATTER.formatException(record.exc_info))
        return True


class NoTraceback(logging.Filter):
    """Says in the message what was raised, and leaves the traceback out."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
        return True


class AwayIsNoError(logging.Filter):
    """Makes one line of what Django logs, with a traceback, of a database that is away. What it logs of other answers
    503 is left out: load balancers ask for /readyz every second, and whoever answers so logs the cause."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return getattr(record, "status_code", None) != 503
        if is_away(error):
            path = record.args[-1] if isinstance(record.args, tuple) and record.args else "A request"  # escaped
            record.msg, record.args = "%s could not be answered: %s", (path, error.__cause__ or error)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True
