"""The one decision about access: what somebody may see of an event type.

Whatever shows, searches or delivers events asks here, and whatever takes them from outside (`events.ingest`). A scope
is nothing, everything, or conditions that an event has to meet. `scope_of` answers nothing or everything; those who ask
treat conditions, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.contrib.auth.models import AbstractUser, AnonymousUser

from events.core.event_types import EventType, Registry, Viewer
from events.core.filters import Filter, matches
from events.core.records import LoggedEvent

Scope = Filter | None  # None: nothing, as if there were no such type; no conditions: everything
Scopes = Mapping[str, Filter]  # by event type; those of which nothing may be seen are left out

EVERYTHING: Filter = ()


def viewer_of(user: AbstractUser | AnonymousUser) -> Viewer:
    """Return who a user is, as far as visibility goes: one query for the groups, unless they are prefetched."""
    if user.is_anonymous or not user.is_active:
        return Viewer(signed_in=False)
    # Where Django keeps what was prefetched: to ask it for `groups` makes a class anew, half of what a look-up costs.
    prefetched = getattr(user, "_prefetched_objects_cache", {}).get("groups")
    groups = user.groups.all() if prefetched is None else prefetched
    return Viewer(is_superuser=user.is_superuser, groups=frozenset([group.pk for group in groups]))


def scope_of(viewer: Viewer, event_type: EventType) -> Scope:
    """Return what a viewer may subscribe to, read, list and find of this type."""
    if not event_type.active:
        return None
    if viewer.is_superuser or not (event_type.restricted or event_type.groups):
        return EVERYTHING
    return None if event_type.groups.isdisjoint(viewer.groups) else EVERYTHING


def scopes_of(viewer: Viewer, registry: Registry) -> Scopes:
    """Return the scopes of a viewer, in the order of display."""
    scopes = {id: scope_of(viewer, event_type) for id, event_type in registry.types.items()}
    return {id: scope for id, scope in scopes.items() if scope is not None}


def includes(scope: Scope, data: Mapping[str, Any]) -> bool:
    """Return whether an event with this payload is in the scope."""
    return scope is not None and matches(scope, data)


def may_see(viewer: Viewer, registry: Registry, event: LoggedEvent) -> bool:
    """Return whether the viewer may see this event, of a type that may be gone meanwhile."""
    event_type = registry.types.get(event.type)
    scope = None if event_type is None else scope_of(viewer, event_type)
    if scope is None:
        return False
    return scope == EVERYTHING or includes(scope, msgspec.json.decode(event.data))


def within_scopes(scopes: Scopes, asked: Mapping[str, Filter]) -> Mapping[str, Filter]:
    """Return what is asked of each type, as far as it may be seen. Raises KeyError for a type of which nothing may."""
    if not any(scopes[type_id] for type_id in asked):
        return asked  # nearly always; and the same object, of which there may be very many
    return {type_id: joined(scopes[type_id], filter) for type_id, filter in asked.items()}


def joined(scope: Filter, asked: Filter) -> Filter:
    """Return a filter of which both hold. The matcher allows one condition of a name, and a client may ask for a field
    that the scope restricts: so the scope's conditions get names that no field can have."""
    named = (msgspec.structs.replace(each, name=f"scope {number}") for number, each in enumerate(scope))
    return tuple(sorted((*asked, *named)))
