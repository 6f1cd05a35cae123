"""What a viewer is told of the registry: the categories, event types and fields, as the protocol has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from events.access import policy
from events.core.event_types import EventType, Field, Registry, Viewer
from events.core.limits import LIMITS

MAX_KEPT = 16  # texts of a registry; with a thousand types one has 800 KB

_kept: tuple[Registry | None, dict[Viewer, msgspec.Raw]] = (None, {})


def metadata_json(viewer: Viewer, registry: Registry) -> msgspec.Raw:
    """Return the `data` object of the `metadata` message as JSON. It is kept for viewers that are equal, of whom all
    decisions about access are, until this process has another registry."""
    global _kept
    kept = _kept
    if kept[0] is not registry:
        kept = _kept = (registry, {})
    texts = kept[1]
    text = texts.get(viewer)
    if text is None:
        if len(texts) >= MAX_KEPT:
            texts.clear()
        text = texts[viewer] = msgspec.Raw(msgspec.json.encode(metadata_for(viewer, registry, LIMITS)))
    return text


def metadata_for(viewer: Viewer, registry: Registry, limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `data` object of the `metadata` message, without categories that have nothing to show."""
    visible = policy.scopes_of(viewer, registry)
    categories = []
    for category in registry.categories:
        types = [
            metadata_of_type(registry.types[id], viewer.signed_in)
            for id in visible
            if registry.types[id].category == category.id
        ]
        if types:
            categories.append({"id": category.id, "label": category.label, "icon": category.icon, "events": types})
    return {"version": registry.version, "limits": dict(limits), "categories": categories}


def metadata_of_type(event_type: EventType, signed_in: bool) -> dict[str, Any]:
    return {
        "id": event_type.id,
        "label": event_type.label,
        "description": event_type.description,
        "icon": event_type.icon,
        "severity_levels": list(event_type.severities),
        "summary": event_type.summary,
        "subject": event_type.subject,
        "external": event_type.external,
        "filterable_fields": [metadata_of_field(field, signed_in) for field in event_type.fields],
    }


def metadata_of_field(field: Field, signed_in: bool) -> dict[str, Any]:
    options = () if field.private and not signed_in else field.options
    metadata: dict[str, Any] = {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "operator": field.operator,
        "data_key": field.data_key,
        "options": [option.value for option in options],
        "source": field.source,
        "live": field.live,
    }
    labels = {option.value: option.label for option in options if option.label != option.value}
    if labels:
        metadata["option_labels"] = labels
    if field.help_text:
        metadata["help_text"] = field.help_text
    return metadata
