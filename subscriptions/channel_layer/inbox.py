"""Events that came with doorbells, until their turn in the log's order; and outlines, which tell what is between."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

from events.core.records import LoggedEvent
from events.notify.signed_batch import verified, verified_outline

MAX_KEPT = 5_000  # events
MAX_KEPT_CHARACTERS = 8 * 1024 * 1024  # of their payloads; beyond either, all are read from the log
MAX_OUTLINED = 50_000  # positions, beyond which outlines are forgotten


class Passed(NamedTuple):
    """A position in the log whose event is of a type that nobody here asks for."""

    position: int
    type: str


class Inbox:
    def __init__(self) -> None:
        self._events: dict[int, LoggedEvent] = {}  # by position
        self._characters = 0
        self._types: dict[int, str] = {}  # by position, as outlines tell them

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

    def put_outline(self, message: Mapping[str, Any], epoch: str, position: int) -> bool:
        """Keep what an outline tells of positions after this one; False when that is nothing, or it is not ours."""
        outline = verified_outline(message)
        if outline is None or outline.epoch != epoch:
            return False
        for type, positions in outline.positions.items():
            for each in positions:
                if each > position:
                    self._types[each] = type
        if len(self._types) > MAX_OUTLINED:
            self._types.clear()
        return self.has_outlines

    def take_after(self, position: int, asked: Container[str]) -> Iterator[LoggedEvent | Passed]:
        """Take out what follows this position without a hole, and forget all up to there. Whether somebody asks for a
        type is looked up when its turn has come."""
        taken = position
        while True:
            event = self._events.pop(taken + 1, None)
            type = self._types.pop(taken + 1, None)
            if event is not None:
                self._characters -= len(event.data)
                taken += 1
                yield event
            elif type is not None and type not in asked:
                taken += 1
                yield Passed(taken, type)
            else:
                break
        self.forget_up_to(taken)

    def forget_up_to(self, position: int) -> None:
        self._events = {each: event for each, event in self._events.items() if each > position}
        self._types = {each: type for each, type in self._types.items() if each > position}
        self._characters = sum(len(event.data) for event in self._events.values())

    def __len__(self) -> int:
        """Return how many events it has; outlines do not count."""
        return len(self._events)

    @property
    def first(self) -> LoggedEvent | None:
        """Return the event that came first of those that it has."""
        return next(iter(self._events.values()), None)

    @property
    def last(self) -> int:
        """Return the highest position that it has an event of."""
        return max(self._events, default=0)

    @property
    def is_empty(self) -> bool:
        """Return whether it has no event; outlines do not count."""
        return not self._events

    @property
    def has_outlines(self) -> bool:
        return bool(self._types)

    def clear(self) -> None:
        self._events.clear()
        self._types.clear()
        self._characters = 0
