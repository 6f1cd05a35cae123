"""The event types that an agent can subscribe to, with the schemas of their filters and payloads."""

from __future__ import annotations

from typing import Any

from events.access import policy
from events.core.event_types import EventType, Field, Registry, Viewer
from events.core.limits import LIMITS
from subscriptions.protocol.mcp_events import POLL, PUSH, WEBHOOK

OPERATOR_WORDS = {
    "in": "is one of",
    "eq": "is",
    "contains": "contains",
    "prefix": "begins with",
    "gte": "is at least",
    "lte": "is at most",
}


def descriptors(
    viewer: Viewer, registry: Registry, *, may_stream: bool, may_use_webhooks: bool
) -> list[dict[str, Any]]:
    """Return what there is for this viewer. What is never logged has no cursor, and can only be had live."""
    live = [PUSH] if may_stream else []
    logged = [POLL, *live, *([WEBHOOK] if may_use_webhooks else [])]
    visible = [registry.types[id] for id in policy.scopes_of(viewer, registry)]
    return [descriptor(each, live if each.ephemeral else logged) for each in visible if live or not each.ephemeral]


def descriptor(event_type: EventType, delivery: list[str]) -> dict[str, Any]:
    return {
        "name": event_type.id,
        "description": f"{event_type.label}. {event_type.description}".strip(),
        "delivery": delivery,
        "inputSchema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {field.name: schema_of_filter(field) for field in event_type.fields},
        },
        "payloadSchema": {
            "type": "object",
            "required": ["severity"],
            "properties": {
                **{field.data_key: {"description": field.label} for field in event_type.fields},
                "severity": {"enum": list(event_type.severities)},
            },
        },
    }


def schema_of_filter(field: Field) -> dict[str, Any]:
    """Return what a filter takes: a value, or several of which any may hold."""
    value: dict[str, Any] = {"type": "number"} if field.is_number else {"type": "string"}
    if field.is_static:
        value["enum"] = [option.value for option in field.options]
    elif not field.is_number:
        value["maxLength"] = LIMITS["value_length"]
    words = f"{field.label} {OPERATOR_WORDS[field.operator]}. {field.help_text}".strip()
    several = {"type": "array", "items": value, "maxItems": LIMITS["values_per_filter"]}
    return {"description": words, "anyOf": [value, several]}
