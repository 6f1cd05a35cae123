"""Who would be told of a server: people whose views are open to its events, and whatever else asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth.models import AbstractUser

from events import registry_cache
from events.access import policy
from events.core import filters
from events.core.event_types import Registry
from events.core.filters import FilterError
from events.models import SavedView

MEMBER = "mcp_name"  # of a payload: which server it is about
MAX_SHOWN = 100


class Request(NamedTuple):
    """What somebody asks for, whether or not it has to do with a server."""

    user: AbstractUser
    how: str
    event_types: Sequence[str]
    filters: Mapping[str, Any]


class Told(NamedTuple):
    username: str
    how: str
    labels: list[str]  # of event types of which somebody would get those of the server


def views() -> Iterator[Request]:
    rows = SavedView.objects.filter(ended=None, paused=False, user__is_active=True).select_related("user")
    for view in rows.prefetch_related("user__groups"):
        yield Request(view.user, "a view", view.event_types, view.filters)


# What asks for events; another app adds its own.
REQUESTS: list[Callable[[], Iterable[Request]]] = [views]


def would_be_told(name: str) -> list[Told]:
    """Return who asks for events of this server and may see them, as far as the server's name decides it."""
    registry = registry_cache.refresh()
    found = []
    for requests in REQUESTS:
        for request in requests():
            if labels := types_told(request, name, registry):
                found.append(Told(request.user.get_username(), request.how, labels))
            if len(found) >= MAX_SHOWN:
                return found
    return sorted(found)


def types_told(request: Request, name: str, registry: Registry) -> list[str]:
    scopes = policy.scopes_of(policy.viewer_of(request.user), registry)
    types = [registry.types[id] for id in request.event_types if id in scopes]
    asked = {
        each: value for each, value in request.filters.items() if any(event_type.field(each) for event_type in types)
    }
    try:
        of_type = filters.parse_filters(asked, types) if types else {}
    except FilterError:  # what it asks for has changed; it would be told nothing
        return []
    about = {event_type.id for event_type in types for field in event_type.fields if field.data_key == MEMBER}
    return [
        event_type.label
        for event_type in types
        if event_type.id in about
        and all(each.holds({MEMBER: name}) for each in of_type[event_type.id] if each.data_key == MEMBER)
    ]
