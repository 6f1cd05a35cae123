"""Why an event is, or is not, what somebody asks for: each condition with what the event has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from events.core.event_types import EventType
from events.core.filters import Filter


class Explained(msgspec.Struct, frozen=True):
    """One condition: `wanted` as it was asked, `actual` the payload's member as it is, null when it is missing."""

    filter: str
    operator: str
    member: str
    wanted: list[Any]
    actual: Any
    matched: bool


def explain(
    event_type: EventType, filter: Filter, asked: Mapping[str, Any], data: Mapping[str, Any]
) -> list[Explained]:
    """Explain each condition. `filter` is what `parse_filters` made of `asked` for the event's type."""
    explained = []
    for condition in filter:
        field = event_type.field(condition.name)
        assert field is not None, condition.name
        explained.append(
            Explained(
                filter=condition.name,
                operator=field.operator,
                member=condition.data_key,
                wanted=as_list(asked[condition.name]),
                actual=data.get(condition.data_key),
                matched=condition.holds(data),
            )
        )
    return explained


def explain_type(event_type: str, chosen: list[str]) -> Explained:
    """Return the condition that the choice of event types is."""
    return Explained("event_type", "in", "type", chosen, event_type, event_type in chosen)


def as_list(asked: Any) -> list[Any]:
    return asked if isinstance(asked, list) else [asked]
