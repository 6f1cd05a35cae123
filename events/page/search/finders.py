"""What can be found by a few words, each within what the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from events import registry_cache
from events.access import policy
from events.core.event_types import folded
from events.core.position import parse_position
from events.log import reading
from events.log.search import find_event

MOST = 8  # of one kind


class Found(NamedTuple):
    kind: str
    label: str
    hint: str  # what it is called besides, or what it tells
    address: str


Finder = Callable[[HttpRequest, str], Iterable[Found]]  # the text is stripped

PAGES = (
    ("Live", "subscribe, and see events as they happen", "events"),
    ("Fleet", "MCP servers, the worst first", "fleet"),
    ("History", "the log, and its export", "history"),
    ("Catalogue", "event types with fields, examples and code", "event_types"),
    ("My deliveries", "webhooks that get events while you are away", "deliveries"),
    ("Account", "password, API tokens, sessions", "account"),
    ("Help", "who may do what; documents", "help"),
)


def pages(request: HttpRequest, text: str) -> Iterator[Found]:
    for label, hint, name in PAGES:
        yield Found("Page", label, hint, reverse(f"eventhub:{name}"))
    if request.user.has_perm("events.view_hubprocess"):
        yield Found("Page", "Hub", "processes, connections, subscriptions", reverse("eventhub:hub"))
    if request.user.is_staff:
        yield Found("Page", "Admin", "event types, servers, people", reverse("admin:index"))


def event_types(request: HttpRequest, text: str) -> Iterator[Found]:
    registry = registry_cache.refresh()
    for id in policy.scopes_of(policy.viewer_of(request.user), registry):
        yield Found("Event type", registry.types[id].label, id, reverse("eventhub:event_type", args=[id]))


def admin_lists(request: HttpRequest, text: str) -> Iterator[Found]:
    """Find the lists of the admin, and the forms that add to them, as its own index shows them to this person."""
    if not request.user.is_staff:
        return
    for app in admin.site.get_app_list(request):
        for model in app["models"]:
            if model["admin_url"]:
                yield Found("Admin", str(model["name"]), str(app["name"]), model["admin_url"])
            if model["add_url"]:
                name = model["model"]._meta.verbose_name
                yield Found("Admin", f"Add {name}", str(app["name"]), model["add_url"])


def event_by_id(request: HttpRequest, text: str) -> Iterator[Found]:
    """Find the one event of this id. One that the reader may not see is not there."""
    position = parse_position(text)
    if position is None or position[0] != reading.head().epoch:
        return
    event, registry = find_event(position[1]), registry_cache.refresh()
    if event is not None and policy.may_see(policy.viewer_of(request.user), registry, event):
        yield Found("Event", registry.types[event.type].label, text, reverse("eventhub:event", args=[text]))


# In the order in which they are shown; other apps add their own.
FINDERS: list[Finder] = [pages, event_types, admin_lists]


def find(request: HttpRequest, text: str) -> list[Found]:
    """Return what has all these words, kind by kind, and first what begins with them."""
    if events := list(event_by_id(request, text)):
        return events
    words = folded(text).split()
    found: list[Found] = []
    for finder in FINDERS:
        of_kind = [each for each in finder(request, text) if has_all(each, words)]
        of_kind.sort(key=lambda each: not folded(each.label).startswith(folded(text)))
        found += of_kind[:MOST]
    return found


def has_all(each: Found, words: Iterable[str]) -> bool:
    text = folded(f"{each.label}\n{each.hint}\n{each.kind}")
    return all(word in text for word in words)


def as_json(found: Iterable[Found]) -> list[dict[str, Any]]:
    return [each._asdict() for each in found]
