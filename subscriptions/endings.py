"""When the server itself ends a subscription, and why."""

from __future__ import annotations

from typing import Any

from events.registry import EventType, Registry
from subscriptions.connection import Connection, Subscription


class Change:
    """What a change of the registry means to subscriptions: worked out once, for all of them."""

    def __init__(self, before: Registry, now: Registry) -> None:
        self.removed: set[str] = set()  # event types
        self.changed: set[tuple[str, str]] = set()  # event types and names of filters that ask something else now
        self.gone: set[tuple[str, str]] = set()  # those of them that the type has no more
        for id, old in before.types.items():
            new = now.types.get(id)
            if new is None or not new.active:
                self.removed.add(id)
            elif new != old:
                names = {field.name for field in (*old.fields, *new.fields)}
                self.changed.update((id, name) for name in names if meaning(old, name) != meaning(new, name))
                self.gone.update((id, name) for name in names if new.field(name) is None)


def why_ended(subscription: Subscription, connection: Connection, change: Change | None) -> str | None:
    """Why a change of the registry, or (None) of what the viewer may see, ends it; None: a new label ends nothing."""
    for type_id, filter in subscription.of_type.items():
        if change is not None and type_id in change.removed:
            return "event_type_removed"
        if type_id not in connection.visible:
            return "access_revoked"
        if change is not None and any((type_id, condition.name) in change.changed for condition in filter):
            return "event_type_changed"
    return None


def filters_gone(subscription: Subscription, change: Change | None) -> list[str]:
    """The filters of this subscription that a type of it has no more: without them it would match more."""
    if change is None:
        return []
    asked = {(type_id, condition.name) for type_id, filter in subscription.of_type.items() for condition in filter}
    return sorted({name for _, name in asked & change.gone})


def meaning(event_type: EventType, name: str) -> tuple[Any, ...] | None:
    """What a filter of this name asks, as far as it decides which events match."""
    field = event_type.field(name)
    return None if field is None else (field.type, field.data_key, field.operator, field.folded_options)
