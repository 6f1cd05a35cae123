from __future__ import annotations

import logging
import re

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


class NotReadyIsNoError(logging.Filter):
    """Leaves out what Django logs of each 503 of /readyz: load balancers ask every second, and the cause is logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(getattr(record, "request", None), "path", "").rstrip("/") != "/readyz"
