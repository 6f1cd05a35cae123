"""What a log line looks like, and that no credential gets into one."""

from __future__ import annotations

import logging
import os
import re
from functools import cache

from django.conf import settings

from eventhub.environment import FOR_DESTINATIONS
from events.access import TOKEN_PREFIX
from events.database.trouble import is_away
from events.mcp import secret

BLOT = "***"
MIN_SECRET = 8  # characters; to blot out a shorter one wherever it stands would spoil ordinary words

# `token=…` or `ticket=…`, in a query or a cookie, however its name is encoded: Django decodes it before it compares.
_PARAMETER = re.compile(
    r"((?:(?:t|%[57]4)(?:o|%[46]f)(?:k|%[46]b)(?:e|%[46]5)(?:n|%[46]e)"
    r"|(?:t|%[57]4)(?:i|%[46]9)(?:c|%[46]3)(?:k|%[46]b)(?:e|%[46]5)(?:t|%[57]4)"
    r"|sessionid|session_key)(?:=|%3d))[^\s&\"'#;,]+",
    re.IGNORECASE,
)
# A header's line, or a pair of name and value as Python shows it. Its value is all the rest, but for a quoted one.
_HEADER = re.compile(
    r"""(?<![a-z])
    ((?:authorization|cookie|x[-_]csrftoken|x[-_]api[-_]key|sec[-_]websocket[-_]protocol)(?:['"]?\s*[:=]\s*|['"]\s*,\s*))
    (?:b?'(?:[^'\\\n]|\\.)*'|b?"(?:[^"\\\n]|\\.)*"|[^\n]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_PASSWORD = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
_FORMATTER = logging.Formatter()


def redact(text: str) -> str:
    text = _PARAMETER.sub(rf"\1{BLOT}", text)
    text = _HEADER.sub(rf"\1{BLOT}", text)
    text = _PASSWORD.sub(rf"\1{BLOT}@", text)
    return known().sub(BLOT, text)


@cache
def known() -> re.Pattern[str]:
    """Return a pattern of all that this process knows to be secret: its key, the secrets of MCP servers and of
    destinations, and whatever looks like a token, a ticket or a webhook's secret of ours."""
    names = {each.name for each in settings.EVENTHUB_MCP_SECRETS}
    prefixes = (secret.PREFIX, FOR_DESTINATIONS)
    of_process = [value for name, value in os.environ.items() if name.startswith(prefixes) or name in names]
    of_file = (*settings.MCP_SECRETS_IN_FILE.values(), *settings.DESTINATION_SECRETS_IN_FILE.values())
    values = {value.strip() for value in (*of_process, *of_file, settings.SECRET_KEY)}
    long = sorted((value for value in values if len(value) >= MIN_SECRET), key=len, reverse=True)
    # Longer than the beginning of a token, which the admin shows.
    token = re.escape(TOKEN_PREFIX) + "[0-9a-f]{16,}"
    return re.compile("|".join([*map(re.escape, long), token, "ticket_[0-9a-f]{16,}", "whsec_[A-Za-z0-9+/]{16,}=*"]))


class RedactTokens(logging.Filter):
    """Keeps tokens and other credentials out of a record's message, traceback and stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  arguments that do not fit, or raise: logging would print them as they are
            record.msg, record.args = redact(f"{record.msg} % {record.args!r}"), ()
        else:
            if (redacted := redact(message)) != message:
                record.msg, record.args = redacted, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


class NoTraceback(logging.Filter):
    """Says in the message what was raised, and leaves the traceback out."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1]:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = None
        return True


class AwayIsNoError(logging.Filter):
    """Shorten to one line what Django logs, with a traceback, about a database that is away. Drop its lines about other
    answers 503: load balancers ask for /readyz every second, and the code that answers 503 logs the cause."""

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
