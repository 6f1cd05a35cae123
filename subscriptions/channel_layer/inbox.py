"""Events that came with doorbells, until their turn in the log's order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.core.records import LoggedEvent
from events.notify.signed_batch import verified

MAX_KEPT = 5_000  # events
MAX_KEPT_CHARACTERS = 8 * 1024 * 1024  # of their payloads; beyond either, all are read from the log


class Inbox:
    def __init__(self) -> None:
        self._events: dict[int, LoggedEvent] = {}  # by position
        self._characters = 0

    def put(self, message: Mapping[str, Any], epoch: str, position: int) -> bool:
        """Keep the events that a doorbell carries and that come after this position; False when it carries none that
        could be used, or there are too many, so that only the log can tell."""
        carried = verified(message)
        if carried is None or carried.epoch != epoch:
            return False
        for event in carried.events:
            if event.position > position and event.position not in self._events:
                self._events[event.position] = event
                self._characters += len(event.data)
        if len(self._events) <= MAX_KEPT and self._characters <= MAX_KEPT_CHARACTERS:
            return True
        self.clear()
        return False

    def take_after(self, position: int) -> list[LoggedEvent]:
        """Take out the events that follow this position without a hole, and forget those up to it."""
        found: list[LoggedEvent] = []
        while event := self._events.pop(position + len(found) + 1, None):
            found.append(event)
        self.forget_up_to(position + len(found))
        return found

    def forget_up_to(self, position: int) -> None:
        self._events = {each: event for each, event in self._events.items() if each > position}
        self._characters = sum(len(event.data) for event in self._events.values())

    @property
    def last(self) -> int:
        """Return the highest position that it has."""
        return max(self._events, default=0)

    @property
    def is_empty(self) -> bool:
        return not self._events

    def clear(self) -> None:
        self._events.clear()
        self._characters = 0
