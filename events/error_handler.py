"""A handler for the LOGGING setting that passes errors on to the code that asks for them.

Logging is set up before there are models, and set up again later: `get_asgi_application()` does so, and drops every
handler that the setting does not name. So the setting names this one, and the source that broadcasts errors, which
needs models, is at its other end.
"""

from __future__ import annotations

import logging

_listener: logging.Handler | None = None


def listen(handler: logging.Handler) -> None:
    """Let the errors of this process go to this handler from now on."""
    global _listener
    _listener = handler


class ErrorHandler(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        if _listener is not None:
            _listener.handle(record)
