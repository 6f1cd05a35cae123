"""Events put into the log as if they had happened when a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from events.core.position import position_id
from events.log import reading
from events.models import Event, LogHead

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def happened(type: str, *payloads: dict[str, Any], first: datetime = NOON, apart: timedelta = SECOND) -> list[str]:
    """The ids of events of one type, in order, with these payloads."""
    moments = [first + place * apart for place in range(len(payloads))]
    return happened_at(type, list(zip(moments, payloads, strict=True)))


def happened_at(type: str, events: Sequence[tuple[datetime, dict[str, Any]]]) -> list[str]:
    head = reading.head()
    rows = [
        Event(
            position=position,
            type_id=type,
            severity=payload.get("severity", "info"),
            timestamp=moment,
            data=msgspec.json.encode({"severity": "info", **payload}).decode(),
        )
        for position, (moment, payload) in enumerate(events, head.position + 1)
    ]
    Event.objects.bulk_create(rows)
    LogHead.objects.update(position=head.position + len(rows))
    return [position_id(head.epoch, row.position or 0) for row in rows]
