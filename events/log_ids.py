"""Which request and which connection a line of the log belongs to."""

from __future__ import annotations

import logging
from contextvars import ContextVar

REQUEST: ContextVar[str] = ContextVar("eventhub_request_id", default="")
CONNECTION: ContextVar[str] = ContextVar("eventhub_connection_id", default="")


class AddIds(logging.Filter):
    """Give a record `request` and `connection`, if it has none of its own. Whoever logs something about an event gives
    its id as `extra={"event": …}`."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, variable in (("request", REQUEST), ("connection", CONNECTION)):
            if (id := variable.get()) and not isinstance(getattr(record, name, None), str):
                setattr(record, name, id)
        return True
