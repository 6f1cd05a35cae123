"""The event type for the events of a server, drafted from what the server says of them. An admin may change it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from events.core.event_types import RESERVED_WORDS, SEVERITIES
from events.mcp.models import OfferedEvent
from events.models import Category, EventField, EventType, FieldOption
from events.models.event_field import MEMBER_NAME
from events.models.revision import as_one_change

CATEGORY = "mcp"
MAX_ID = 60  # characters, so that a number has room behind it
MAX_LABEL = 60
MAX_FIELDS = 20
MAX_OPTIONS = 50
MAX_OPTION = 100  # characters

Kind = EventField.Type


def event_type_for(offered: OfferedEvent) -> EventType:
    """Make the event type of an offered event. Superusers alone see it, until somebody opens it; it takes any payload,
    since what the server will send is not known."""
    properties = offered.payload_schema.get("properties")
    members = properties if isinstance(properties, dict) else {}
    with as_one_change():
        category, _ = Category.objects.get_or_create(pk=CATEGORY, defaults={"label": "MCP"})
        event_type = EventType(
            id=free_id(f"{offered.server.name}_{offered.name}"),
            category=category,
            label=f"{offered.name} of {offered.server.name}"[:80],
            description=offered.description[:500],
            severity_levels=severities_of(members.get("severity")),
            payload_check=EventType.PayloadCheck.OFF,
            restricted=True,
            external=False,
        )
        event_type.save(force_insert=True)
        names = [name for name in members if name != "severity" and is_member(name)]
        for order, name in enumerate(names[:MAX_FIELDS]):
            add_field(event_type, name, members[name], order)
    return event_type


def is_member(name: str) -> bool:
    try:
        MEMBER_NAME(name)
    except ValidationError:
        return False
    return True


def free_id(wanted: str) -> str:
    word = re.sub(r"[^a-z0-9]+", "_", wanted.lower()).strip("_")
    id = word if re.match(r"[a-z]", word) else f"mcp_{word}"
    id, number = id[:MAX_ID].rstrip("_"), 1
    free = id
    while free in RESERVED_WORDS or EventType.objects.filter(pk=free).exists():
        number += 1
        free = f"{id}_{number}"
    return free


def severities_of(schema: object) -> list[str]:
    """Return those of our severities that the server may send; all, if it does not say which."""
    if not isinstance(schema, dict):
        return ["info"]
    listed = schema.get("enum")
    known = [each for each in SEVERITIES if not isinstance(listed, list) or each in listed]
    return known or ["info"]


def add_field(event_type: EventType, name: str, schema: object, order: int) -> None:
    told: Mapping[str, Any] = schema if isinstance(schema, dict) else {}
    listed = told.get("enum")
    values = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    values = list(dict.fromkeys(each for each in values if 0 < len(each) <= MAX_OPTION and each.isprintable()))
    if told.get("type") in ("object", "array", "boolean"):
        return
    kind = Kind.NUMBER if told.get("type") in ("number", "integer") else Kind.MULTISELECT if values else Kind.TEXT
    label = told.get("title") if isinstance(told.get("title"), str) else ""
    field = EventField.objects.create(
        event_type=event_type,
        name=name,
        data_key=name,
        label=label[:MAX_LABEL] if label and label.isprintable() else name[:MAX_LABEL],
        type=kind,
        order=order,
    )
    if kind == Kind.MULTISELECT:
        for place, value in enumerate(values[:MAX_OPTIONS]):
            FieldOption.objects.create(field=field, value=value, order=place)
