"""What waits to be sent to one server of the channel layer: bounded, however long that server takes nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from events.notify.outlined import Outlined
from events.notify.signed_batch import Outline, PlacedEvents, both

MAX_QUEUED = 1_000  # ephemeral events that wait to be sent; beyond that they are dropped
MAX_QUEUED_CHARACTERS = 8 * 1024 * 1024  # of their payloads
MAX_CARRIED = 1024 * 1024  # characters of logged events' payloads that wait; for what is more, groups are only rung


class EphemeralEvent(NamedTuple):
    """An event that is not logged, on its way to a group."""

    event_type: str
    timestamp: datetime
    data: str

    def __len__(self) -> int:
        return len(self.data)


class Taken(NamedTuple):
    """What is sent in one round."""

    rings: dict[str, PlacedEvents | None]  # group → what to carry
    events: Sequence[EphemeralEvent]
    outline: Outline | None


class Waiting:
    """Rings that pile up for a group become one. Ephemeral events are sent each, in their order."""

    def __init__(self) -> None:
        self.is_sending = False  # somebody sends until it is empty
        self.outlined = Outlined()  # of the server that carries outlines
        self._rings: dict[str, PlacedEvents | None] = {}
        self._carried = 0  # characters of what these carry
        self._events: deque[EphemeralEvent] = deque()
        self._characters = 0  # of these

    def ring(self, group: str, carried: PlacedEvents | None) -> None:
        self._rings[group] = both(self._rings[group], carried) if group in self._rings else carried
        self._carried += sum(len(event.data) for event in carried.events) if carried else 0
        if self._carried > MAX_CARRIED:
            self._rings, self._carried = dict.fromkeys(self._rings), 0

    def put(self, event: EphemeralEvent) -> bool:
        """Take an ephemeral event; False when more wait than may."""
        if len(self._events) >= MAX_QUEUED or self._characters + len(event) > MAX_QUEUED_CHARACTERS:
            return False
        self._events.append(event)
        self._characters += len(event)
        return True

    def __bool__(self) -> bool:
        return bool(self._rings or self._events or self.outlined)

    def take(self) -> Taken:
        """Take out all that waits."""
        taken = Taken(self._rings, list(self._events), self.outlined.take())
        self._rings, self._carried = {}, 0
        self._events, self._characters = deque(), 0
        return taken
