"""The pages for people who watch: /events, and the log read backwards."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events import options, parameters, reading, snapshot
from events.limits import LIMITS
from events.problems import Refusal
from events.registry import SEVERITIES, Registry

LATELY = 8  # events that /events shows before anything is subscribed to
BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")  # could make a payload read as what it is not


@require_safe
@login_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The /events page. Its tabs, event types and newest events are there without JavaScript."""
    registry = snapshot.refresh()
    viewer = snapshot.viewer_of(request.user)
    metadata = registry.metadata(viewer, LIMITS)
    categories = metadata["categories"]
    tabs = [category["id"] for category in categories]
    asked = request.GET.get("tab")
    may_emit = request.user.has_perm("events.add_event")
    emittable = [id for id in registry.visible_to(viewer) if may_emit and registry.types[id].external]
    data = {
        "viewer": request.user.pk,
        "socket": "/ws/events",
        "metadata": metadata,
        "emittable": sorted(emittable),
        "places": {"options": places_of_options(request.user), "test": place_of_tests(request.user)},
    }
    context = {
        "categories": categories,
        "selected": asked if asked in tabs else next(iter(tabs), None),
        "ticked": request.GET.getlist("event_type"),
        "lately": lately(request.user, registry),
        "data": data,
    }
    return render(request, "events/page.html", context)


@require_safe
@login_required
@never_cache
def history(request: HttpRequest) -> HttpResponse:
    """The log, newest first, in pages: what the call `GET /api/v1/events/` answers, to be read."""
    registry = snapshot.refresh()
    metadata = registry.metadata(snapshot.viewer_of(request.user), LIMITS)
    query = request.GET.copy()
    query.pop("tab", None)
    context: dict[str, Any] = {
        "categories": metadata["categories"],
        "severities": SEVERITIES,
        "ticked": query.getlist("event_type"),
        "severe": query.getlist("severity"),
        "kept": [(name, value) for name, values in query.lists() for value in values if is_kept(name)],
        "data": {"viewer": request.user.pk, "metadata": metadata},
    }
    try:
        answer = reading.history_answer(query, request.user)
    except Refusal as refusal:
        return render(request, "events/history.html", {**context, "problem": refusal.detail}, status=refusal.status)
    context["events"] = [readable(event, registry) for event in answer["events"]]
    if answer["next"]:
        query["cursor"] = answer["next"]
        context["older"] = query.urlencode()
    context["newest"] = without_cursor(request.GET) if "cursor" in request.GET else None
    if not answer["complete"]:
        context["looked_back_to"] = datetime.fromisoformat(answer["looked_back_to"])
    return render(request, "events/history.html", context)


def lately(user: Any, registry: Registry) -> list[dict[str, Any]]:
    try:
        answer = reading.history_answer(QueryDict(f"limit={LATELY}"), user)
    except Refusal:  # too many search at the moment: the page does without
        return []
    return [readable(event, registry) for event in answer["events"]]


def readable(event: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """An event of an answer, as templates show it."""
    data = msgspec.json.decode(event["data"])
    event_type = registry.types[event["type"]]
    payload = json.dumps(data, indent=2, ensure_ascii=False)
    return {
        **event,
        "timestamp": datetime.fromisoformat(event["timestamp"]),
        "label": event_type.label,
        "icon": event_type.icon,
        "severity": data.get("severity", ""),
        "summary": event_type.summarise(data),
        "payload": BIDI_CONTROLS.sub(lambda control: f"\\u{ord(control[0]):x}", payload),
    }


def is_kept(name: str) -> bool:
    """Whether a parameter has no control of its own on the page, and goes along hidden."""
    return name.startswith(parameters.FILTER) or name in ("since", "until", "limit")


def without_cursor(query: QueryDict) -> str:
    rest = query.copy()
    del rest["cursor"]
    return rest.urlencode()


def places_of_options(user: Any) -> dict[str, str]:
    """Where this user may add options: source → address in the admin."""
    places = {}
    for key, source in options.SOURCES.items():
        if not source.model:
            continue
        app, name = source.model.split(".")
        may_add = user.is_staff and user.has_perm(f"{app}.add_{name}")
        if may_add and admin.site.is_registered(apps.get_model(app, name)):
            places[key] = reverse(f"admin:{app}_{name}_add")
    return places


def place_of_tests(user: Any) -> str | None:
    """Where in the admin an event of the type “TYPE” is emitted for a try."""
    may = user.is_staff and user.has_perms(["events.view_eventtype", "events.add_event"])
    return reverse("admin:events_eventtype_trial", args=["TYPE"]) if may else None
