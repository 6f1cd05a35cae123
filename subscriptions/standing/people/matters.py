"""Something that a person is told of: its newest event, and whether it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from events.core.event_types import SEVERITIES, EventType
from events.core.values import json_text, scalars

MAX_SUBJECT = 100  # characters
GRAVEST = SEVERITIES[-1]


class Matter(msgspec.Struct, kw_only=True):
    """`position` is that of its newest event, `count` how many a person has not been told of yet. `worst` is the
    gravest severity since it was last told, or since it began."""

    event_type: str
    position: int = 0
    count: int = 0
    is_open: bool | None = None
    told_open: bool = False
    worst: str = SEVERITIES[0]

    def take(self, position: int, severity: str, *, begins: bool | None) -> None:
        self.position = position
        self.count += 1
        self.is_open = self.is_open if begins is None else begins
        self.worst = graver(self.worst, severity)

    def was_told(self, count: int) -> None:
        """Note that a message about its first `count` events was sent."""
        self.count -= count
        self.told_open = self.is_open is True if not self.count else self.told_open

    @property
    def is_critical(self) -> bool:
        return self.count > 0 and self.worst == GRAVEST

    @property
    def is_over(self) -> bool:
        """Say whether nothing of it is to be told, now or later."""
        return not self.count and not self.told_open


class Group(msgspec.Struct, kw_only=True):
    """Its matters by what they are about. `due_at` is made of the rest: None while nothing is to be told."""

    matters: dict[str, Matter] = {}
    waiting_since: datetime | None = None
    told_at: datetime | None = None
    attempts: int = 0
    again_at: datetime | None = None
    due_at: datetime | None = None
    muted_until: datetime | None = None

    @property
    def is_critical(self) -> bool:
        return any(each.is_critical for each in self.matters.values())


def graver(one: str, other: str) -> str:
    return max(one, other, key=rank)


def rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def about(event_type: EventType, data: Mapping[str, Any]) -> str:
    """Return what tells a matter from others: of a type, what its events are about."""
    return f"{event_type.id} {member_of(data, event_type.subject)[:MAX_SUBJECT]}"


def member_of(data: Mapping[str, Any], name: str) -> str:
    """Return the text of a member, of a list its first; empty if it has none."""
    return next((json_text(each) for each in scalars(data.get(name))), "") if name else ""
