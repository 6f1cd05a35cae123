"""What the log takes: drafts of events; and how it says that it cannot."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import OperationalError, connection

from events.models import Event


class LogUnavailable(Exception):
    message = "The log's database cannot be reached or is locked; nothing was broadcast."

    def __init__(self) -> None:
        super().__init__(self.message)


class EpochOver(OperationalError):
    """As if the database had been away for a moment: whoever asks again gets an answer."""

    message = "The log has begun another epoch, where the same positions are other events."

    def __init__(self) -> None:
        super().__init__(self.message)


class Draft(NamedTuple):
    """A validated event on its way to the clients; `data` is its JSON text. An ephemeral one bypasses the log."""

    type: str
    severity: str
    timestamp: datetime
    source: str
    data: str
    ephemeral: bool = False

    def as_event(self) -> Event:
        """Return an event without a row."""
        return Event(
            type_id=self.type,
            severity=self.severity,
            timestamp=self.timestamp,
            source=self.source,
            data=self.data,
        )


def unavailable() -> LogUnavailable:
    """Return the error to raise, of a database that failed just now."""
    replace_connection()
    return LogUnavailable()


def replace_connection() -> None:
    """Replace a broken connection before the next query: in a process without requests nothing else would."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
