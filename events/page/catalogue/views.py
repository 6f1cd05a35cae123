"""The list of all event types, and a page for each."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events import registry_cache
from events.access import policy
from events.access.metadata import metadata_of_type
from events.core.event_types import EventType, folded
from events.models import EventField
from events.page.catalogue import rates
from events.page.catalogue.example import example_of, sources_of
from events.page.views import place_of_tests

FEW = 12  # options that are shown at once
CHECKS = {
    "reject": "An event is refused if one of these members has a value that does not fit.",
    "warn": "An event is taken even if one of these members has a value that does not fit; the server's log says so.",
    "off": "The values of these members are not checked.",
}


@require_safe
@login_required
@never_cache
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the event types that the reader may see, by category."""
    words = request.GET.get("q", "").strip()[:200]
    registry = registry_cache.refresh()
    scopes = policy.scopes_of(policy.viewer_of(request.user), registry)
    found = [registry.types[id] for id in scopes if has_all(registry.types[id], words)]
    counted = [each.id for each in found if scopes[each.id] == policy.EVERYTHING and not each.ephemeral]
    lately, newest = rates.of_last_day(counted), rates.newest_times(counted)
    categories = []
    for category in registry.categories:
        types = [
            {"type": each, "per_day": lately.per_day.get(each.id), "newest": newest.get(each.id)}
            for each in found
            if each.category == category.id
        ]
        if types:
            categories.append({"id": category.id, "label": category.label, "icon": category.icon, "types": types})
    context = {
        "categories": categories,
        "total": len(scopes),
        "words": words,
        "is_estimate": lately.is_estimate,
        "may_add": request.user.is_staff and request.user.has_perm("events.add_eventtype"),
    }
    return render(request, "eventhub/events/types/list.html", context)


def has_all(event_type: EventType, words: str) -> bool:
    text = folded("\n".join([event_type.id, event_type.label, event_type.description]))
    return all(word in text for word in folded(words).split())


@require_safe
@login_required
@never_cache
def one_type(request: HttpRequest, id: str) -> HttpResponse:
    """Show all of an event type. One that the reader may not see is not there."""
    registry = registry_cache.refresh()
    event_type = registry.types.get(id)
    scope = None if event_type is None else policy.scope_of(policy.viewer_of(request.user), event_type)
    if event_type is None or scope is None:
        raise Http404
    is_counted = scope == policy.EVERYTHING and not event_type.ephemeral
    lately = rates.of_last_day([id]) if is_counted else None
    example = example_of(event_type, request.user)
    test = place_of_tests(request.user) if event_type.external else None
    context = {
        "type": event_type,
        "category": next(each for each in registry.categories if each.id == event_type.category),
        "fields": [described(field) for field in metadata_of_type(event_type, signed_in=True)["filterable_fields"]],
        "check": CHECKS[event_type.payload_check],
        "example": example,
        "lately": lately and {"count": lately.per_day[id], "is_estimate": lately.is_estimate},
        "sources": sources_of(id) if is_counted else [],
        "chosen": urlencode([("tab", event_type.category), ("event_type", id)]),
        "test": test and test.replace("TYPE", id),
        "opens_admin": request.user.is_staff and request.user.has_perm("events.view_eventtype"),
        "may_emit": request.user.has_perm("events.add_event"),
        "data": {
            "type": id,
            "payload": example.payload,
            "is_external": event_type.external,
        },
    }
    return render(request, "eventhub/events/types/one.html", context)


def described(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field of the metadata, as the page shows it: its operator in words, its options with their labels."""
    labels = field.get("option_labels", {})
    options = [(value, labels.get(value, "")) for value in field["options"]]
    return {
        **field,
        "operator_in_words": EventField.Operator(field["operator"]).label,
        "first_options": options[:FEW],
        "more_options": options[FEW:],
    }
