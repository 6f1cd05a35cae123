"""What waits to be sent to one server of the channel layer: bounded, however long that server takes nothing."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from events.notify.ephemeral_queue import EphemeralEvent, EphemeralQueue
from events.notify.outlined import Outlined
from events.notify.signed_batch import Outline, PlacedEvents, both

MAX_CARRIED = 1024 * 1024  # characters of logged events' payloads that wait; for what is more, groups are only rung


class Taken(NamedTuple):
    """What is sent in one round."""

    rings: dict[str, PlacedEvents | None]  # group → what to carry
    events: deque[EphemeralEvent]
    outline: Outline | None


class Waiting:
    """Rings that pile up for a group become one. Ephemeral events are sent each, in their order."""

    def __init__(self) -> None:
        self.is_sending = False  # somebody sends until it is empty
        self.outlined = Outlined()  # of the server that carries outlines
        self.ephemeral = EphemeralQueue()
        self._rings: dict[str, PlacedEvents | None] = {}
        self._carried = 0  # characters of what these carry

    def ring(self, group: str, carried: PlacedEvents | None) -> None:
        self._rings[group] = both(self._rings[group], carried) if group in self._rings else carried
        self._carried += sum(len(event.data) for event in carried.events) if carried else 0
        if self._carried > MAX_CARRIED:
            self._rings, self._carried = dict.fromkeys(self._rings), 0

    def __bool__(self) -> bool:
        return bool(self._rings or self.ephemeral or self.outlined)

    def take(self) -> Taken:
        """Take out all that waits."""
        taken = Taken(self._rings, self.ephemeral.take(), self.outlined.take())
        self._rings, self._carried = {}, 0
        return taken
