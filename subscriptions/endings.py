"""When the server itself ends a subscription, and why."""

from __future__ import annotations

from typing import Any

from events.registry import EventType, Registry
from subscriptions.connection import Connection, Subscription


def why_ended(subscription: Subscription, connection: Connection, before: Registry, now: Registry) -> str | None:
    """Why a change of the registry, or of what the viewer may see, ends it; None: a new label ends nothing."""
    for type_id, filter in subscription.of_type.items():
        event_type = now.types.get(type_id)
        if event_type is None or not event_type.active:
            return "event_type_removed"
        if type_id not in connection.visible:
            return "access_revoked"
        old = before.types[type_id]
        if any(meaning(old, condition.name) != meaning(event_type, condition.name) for condition in filter):
            return "event_type_changed"
    return None


def meaning(event_type: EventType, name: str) -> tuple[Any, ...] | None:
    """What a filter of this name asks, as far as it decides which events match."""
    field = event_type.field(name)
    return None if field is None else (field.type, field.data_key, field.operator, field.folded_options)
