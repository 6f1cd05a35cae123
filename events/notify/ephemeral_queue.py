"""Ephemeral events that wait to be sent. They are in no log, so that none of them may be sent twice."""

from __future__ import annotations

import logging
import time
from collections import deque
from datetime import datetime
from typing import NamedTuple

from events.measuring.measures import EVENTS_DROPPED

logger = logging.getLogger(__name__)

MAX_QUEUED = 1_000  # events; beyond that they are dropped
MAX_QUEUED_CHARACTERS = 8 * 1024 * 1024  # of their payloads
LOG_EVERY = 10.0  # seconds; a flood of events that are dropped must not flood the server's log


class EphemeralEvent(NamedTuple):
    """An event that is not logged, on its way to a group."""

    event_type: str
    timestamp: datetime
    data: str

    def __len__(self) -> int:
        return len(self.data)


class EphemeralQueue:
    """Not for several threads at once."""

    def __init__(self) -> None:
        self.dropped = 0  # events that were not sent
        self._events: deque[EphemeralEvent] = deque()
        self._characters = 0
        self._log_after = 0.0  # time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._events)

    def add(self, event: EphemeralEvent) -> None:
        """Let an event wait, or drop it if too many do."""
        if len(self._events) < MAX_QUEUED and self._characters + len(event) <= MAX_QUEUED_CHARACTERS:
            self._events.append(event)
            self._characters += len(event)
        else:
            self.drop(event, "more wait to be sent than may")

    def take(self) -> deque[EphemeralEvent]:
        """Return all, which wait no longer."""
        events, self._events, self._characters = self._events, deque(), 0
        return events

    def drop(self, event: EphemeralEvent, why: str) -> None:
        self.dropped += 1
        EVENTS_DROPPED.add(label=event.event_type)
        if time.monotonic() >= self._log_after:
            self._log_after = time.monotonic() + LOG_EVERY
            logger.warning("Ephemeral events are dropped, %d so far: %s.", self.dropped, why)
