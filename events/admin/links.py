"""Between the admin and the pages for people who watch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from events.core.event_types import EventType as FrozenType
from events.core.values import json_text, scalars
from events.models import EventType

MAX_ASKED = 100  # characters of a value that a link filters by: an address may not grow as a payload may


def page_of(event_type: EventType) -> str:
    """Return the events page with this type chosen."""
    return asking("events", [("tab", event_type.category_id), ("event_type", event_type.id)])


def feed_of(event_type: FrozenType, data: Mapping[str, Any]) -> str:
    """Return the events page with this type chosen and every filter set that would let just such an event pass."""
    return asking("events", [("tab", event_type.category), ("event_type", event_type.id), *filters(event_type, data)])


def history_of(event_type: FrozenType, data: Mapping[str, Any]) -> str:
    """Return the past events that are like this one."""
    return asking("history", [("event_type", event_type.id), *filters(event_type, data)])


def filters(event_type: FrozenType, data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for field in event_type.fields:
        if field.operator in ("in", "eq"):
            values = [json_text(value) for value in scalars(data.get(field.data_key))]
            if field.operator == "eq" and len(values) > 1:
                continue
            yield from ((f"filter.{field.name}", value) for value in values if 0 < len(value) <= MAX_ASKED)


def asking(view: str, parameters: list[tuple[str, str]]) -> str:
    return f"{reverse('eventhub:' + view)}?{urlencode(parameters)}"
