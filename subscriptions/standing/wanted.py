"""What a standing subscription is sent: what it asks for, as far as its owner may see it now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from events.access import policy
from events.core import filters
from events.core.event_types import EventType, Registry, Viewer
from events.core.filters import Filter
from events.core.records import LoggedEvent
from subscriptions.models import StandingSubscription


class Ended(Exception):
    """It asks for nothing that there is, or that its owner may see; the message says why."""


class Wanted(NamedTuple):
    """`narrowed` says what was taken away, if something was; types and filters are without it."""

    of_type: Mapping[str, Filter]
    event_types: list[str]
    filters: Mapping[str, Any]
    narrowed: str = ""

    def includes(self, event: LoggedEvent) -> bool:
        filter = self.of_type.get(event.type)
        if filter is None:
            return False
        return not filter or filters.matches(filter, msgspec.json.decode(event.data))


def wanted_of(row: StandingSubscription, registry: Registry, viewer: Viewer | None) -> Wanted:
    """Return what it is sent. `viewer` is its owner, None if that is nobody who may sign in. Raises Ended."""
    if viewer is None:
        raise Ended("Its owner's account is not active.")
    scopes = policy.scopes_of(viewer, registry)
    types = [registry.types[id] for id in row.event_types if id in scopes]
    gone = [id for id in row.event_types if id not in scopes]
    if not types:
        raise Ended(f"Its owner may not see {', '.join(gone)} (any more), or there is no such event type.")
    asked = {name: value for name, value in row.filters.items() if not gone or declares(types, name)}
    try:
        of_type = policy.within_scopes(scopes, filters.parse_filters(asked, types))
    except filters.FilterError as error:
        raise Ended(f"The event types have changed, and its filters no longer fit: {error}.") from None
    if not gone:
        return Wanted(of_type, row.event_types, row.filters)
    narrowed = f"Without {', '.join(gone)}, which its owner may not see (any more), or which there is no more."
    return Wanted(of_type, [each.id for each in types], asked, narrowed)


def declares(types: list[EventType], name: str) -> bool:
    return any(event_type.field(name) for event_type in types)
