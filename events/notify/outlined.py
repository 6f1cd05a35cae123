"""The outline that is to be sent next: which types the positions have that were given out since the last one."""

from __future__ import annotations

import time

from events.notify.signed_batch import Outline, PlacedEvents

OFTEN_S = 1.0  # between two rings: whoever rings less often sends no outlines, as a hole now and then costs less
MAX_OUTLINED = 20_000  # positions of an outline; of more there is none


class Outlined:
    def __init__(self) -> None:
        self._outline: Outline | None = None
        self._count = 0  # of its positions
        self._rung_at = -OFTEN_S  # time.monotonic()

    def add(self, placed: PlacedEvents) -> None:
        """Take the events of a ring, if rings come often enough."""
        now = time.monotonic()
        is_often, self._rung_at = now < self._rung_at + OFTEN_S, now
        if not is_often or not placed.events:
            return
        if self._outline is None or self._outline.epoch != placed.epoch:
            self._outline, self._count = Outline(placed.epoch, {}), 0
        self._count += len(placed.events)
        for event in placed.events if self._count <= MAX_OUTLINED else ():
            self._outline.positions.setdefault(event.type, []).append(event.position)

    def __bool__(self) -> bool:
        return self._outline is not None

    def take(self) -> Outline | None:
        """Return it, and begin another; None when there is nothing to tell, or too much."""
        outline, count, self._outline, self._count = self._outline, self._count, None, 0
        return outline if count <= MAX_OUTLINED else None

    def put_back(self, outline: Outline) -> None:
        """Tell it later, after all; nothing was added since it was taken."""
        self._outline, self._count = outline, sum(map(len, outline.positions.values()))
