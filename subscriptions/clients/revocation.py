"""When the server itself ends a subscription, and why; and when it asks for more than it could when it was made."""

from __future__ import annotations

from typing import Any

from events.core import filters
from events.core.event_types import EventType, Registry
from events.core.filters import Filter, FilterError
from subscriptions.clients.connection import Connection
from subscriptions.clients.subscription import Subscription


class RegistryChange:
    """What a change of the registry means to subscriptions: worked out once, for all of them."""

    def __init__(self, before: Registry, now: Registry) -> None:
        self.now = now
        self.removed: set[str] = set()  # event types
        self.changed: set[tuple[str, str]] = set()  # event types and names of filters that ask something else now
        self.gone: set[tuple[str, str]] = set()  # those of them that the type has no more
        self.options: set[tuple[str, str]] = set()  # and those that only have other options
        for id, old in before.types.items():
            new = now.types.get(id)
            if new is None or not new.active:
                self.removed.add(id)
            elif new != old:
                for name in {field.name for field in (*old.fields, *new.fields)}:
                    if meaning(old, name) != meaning(new, name):
                        self.changed.add((id, name))
                    elif options(old, name) != options(new, name):
                        self.options.add((id, name))
                    if new.field(name) is None:
                        self.gone.add((id, name))


def reason_to_revoke(subscription: Subscription, connection: Connection, change: RegistryChange | None) -> str | None:
    """Return why a change of the registry, or (None) of what the viewer may see, ends it; None: a new label, or a new
    option, ends nothing."""
    for type_id in subscription.of_type:
        if change is not None and type_id in change.removed:
            return "event_type_removed"
        if connection.scopes.get(type_id) != subscription.scopes[type_id]:
            return "access_revoked"
        if change is not None and any((type_id, name) in change.changed for name in asked_names(subscription)):
            return "event_type_changed"
    if change is not None and is_concerned(subscription, change):
        now = as_parsed(subscription, change)
        if now is None or any(is_narrower(now[id], filter) for id, filter in subscription.asked.items()):
            return "event_type_changed"
    return None


def filters_gone(subscription: Subscription, change: RegistryChange | None) -> list[str]:
    """Return the filters of this subscription that a type of it has no more: without them it would match more."""
    if change is None:
        return []
    asked = {(type_id, condition.name) for type_id, filter in subscription.asked.items() for condition in filter}
    return sorted({name for _, name in asked & change.gone})


def asked_now(subscription: Subscription, change: RegistryChange) -> dict[str, Filter] | None:
    """Return what one that goes on asks of its types now, where a new option is a value that it has asked for all
    along; None: the same as before."""
    now = as_parsed(subscription, change) if is_concerned(subscription, change) else None
    return now if now != subscription.asked else None


def is_concerned(subscription: Subscription, change: RegistryChange) -> bool:
    """Return whether the options of a filter that it uses have changed."""
    names = asked_names(subscription)
    return any((type_id, name) in change.options for type_id in subscription.of_type for name in names)


def asked_names(subscription: Subscription) -> list[str]:
    return [name for name, asked in subscription.filters.items() if filters.asks(asked)]


def as_parsed(subscription: Subscription, change: RegistryChange) -> dict[str, Filter] | None:
    """Return what its filters ask of its types in the registry of now; None: a value is possible for none of them any
    more."""
    try:
        return filters.parse_filters(subscription.filters, [change.now.types[id] for id in subscription.of_type])
    except FilterError:
        return None


def is_narrower(now: Filter, before: Filter) -> bool:
    """Return whether a value that was asked for cannot be any more."""
    still = {condition.name: set(condition.values) for condition in now}
    return any(not still[condition.name].issuperset(condition.values) for condition in before)


def meaning(event_type: EventType, name: str) -> tuple[Any, ...] | None:
    """Return what a filter of this name asks, but for its options."""
    field = event_type.field(name)
    return None if field is None else (field.type, field.data_key, field.operator)


def options(event_type: EventType, name: str) -> frozenset[str] | None:
    field = event_type.field(name)
    return None if field is None else field.folded_options
