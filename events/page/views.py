"""The pages for people who watch: /events, and the log read backwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from time import time
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

from events import options, registry_cache
from events.access import policy
from events.access.metadata import metadata_for
from events.core.event_types import SEVERITIES
from events.core.legible import legible, legible_json
from events.core.limits import LIMITS
from events.core.values import json_text
from events.http import around, parameters, responses
from events.http.problem_details import HttpProblem
from events.http.saved_views import views_of
from events.page import markup

LATELY = 8  # events that /events shows before anything is subscribed to
RANGE = ("since", "until")


@require_safe
@login_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show the page /events. Its tabs, event types and newest events are there without JavaScript."""
    registry = registry_cache.refresh()
    viewer = policy.viewer_of(request.user)
    metadata = metadata_for(viewer, registry, LIMITS)
    categories = metadata["categories"]
    tabs = [category["id"] for category in categories]
    asked = request.GET.get("tab")
    views = views_of(request.user)
    data = {
        "viewer": request.user.pk,
        "now": server_time(),
        "metadata": metadata,
        "may_emit": request.user.has_perm("events.add_event"),
        "views": views,
        "places": {"options": places_of_options(request.user)},
    }
    context = {
        "categories": categories,
        "selected": asked if asked in tabs else next(iter(tabs), None),
        "ticked": request.GET.getlist("event_type"),
        "lately": lately(request.user),
        # No script changes at once what is painted first, so that the scripts can come after it.
        "is_as_written": not views["own"] and not request.GET,
        "data": data,
    }
    return render(request, "eventhub/events/page.html", context)


@require_safe
@login_required
@never_cache
def history(request: HttpRequest) -> HttpResponse:
    """Show the log, newest first, in pages: what the call `GET /api/v1/events/` answers, to be read."""
    registry = registry_cache.refresh()
    viewer = policy.viewer_of(request.user)
    metadata = metadata_for(viewer, registry, LIMITS)
    query = asked_of_history(request.GET)
    context: dict[str, Any] = {
        "categories": metadata["categories"],
        "severities": SEVERITIES,
        "ticked": query.getlist("event_type"),
        "severe": query.getlist("severity"),
        "kept": [(name, value) for name, values in query.lists() for value in values if is_kept(name)],
        "data": {
            "viewer": request.user.pk,
            "now": server_time(),
            "metadata": metadata,
            "may_emit": request.user.has_perm("events.add_event"),
            "views": views_of(request.user),
            "places": {"options": places_of_options(request.user)},
        },
        **{name: input_value(query.get(name, "")) for name in RANGE},
        "exported": without(query, "cursor", "limit"),
    }
    try:
        answer = responses.history_answer(query, request.user)
    except HttpProblem as refusal:
        return render(
            request, "eventhub/events/history.html", {**context, "problem": refusal.detail}, status=refusal.status
        )
    context["events"] = [readable(event) for event in answer["events"]]
    context["newest"] = without(query, "cursor") if "cursor" in query else None
    if answer["next"]:
        query["cursor"] = answer["next"]
        context["older"] = query.urlencode()
    if not answer["complete"]:
        context["looked_back_to"] = datetime.fromisoformat(answer["looked_back_to"])
    return render(request, "eventhub/events/history.html", context)


def server_time() -> int:
    """Return milliseconds since the epoch: the clocks of readers may be wrong, and ages rest on this one."""
    return round(time() * 1_000)


def lately(user: Any) -> list[dict[str, Any]]:
    try:
        answer = responses.history_answer(QueryDict(f"limit={LATELY}"), user)
    except HttpProblem:  # too many search at the moment: the page does without
        return []
    return [readable(event) for event in answer["events"]]


def readable(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of an answer, as templates show it. One that cannot be read is a row that says so."""
    event_type = registry_cache.current().types[event["type"]]
    shown = {
        **event,
        "timestamp": datetime.fromisoformat(event["timestamp"]),
        "label": legible(event_type.label),
        "icon": event_type.icon,
    }
    try:
        data = msgspec.json.decode(event["data"], type=dict[str, Any])
    except msgspec.DecodeError as error:
        problem = f"This event cannot be read: {error}."
        return {
            **shown,
            "severity": "",
            "subject": "",
            "summary": problem,
            "payload": legible(bytes(event["data"]).decode()),
        }
    # As it is in the log: written anew, a number could come out in other digits.
    payload = legible_json(msgspec.json.format(bytes(event["data"])).decode())
    summary = markup.summary(event_type.summary_pieces(data))
    subject = around.subject_of(event_type, data)
    return {
        **shown,
        "severity": data.get("severity", ""),
        "subject": "" if subject is None else json_text(subject),
        "summary": summary,
        "payload": payload,
    }


def asked_of_history(query: QueryDict) -> QueryDict:
    """Return what the page's form asks for; a time that was left empty is none."""
    asked = query.copy()
    for name in ("tab", "view", *(name for name in RANGE if query.get(name) == "")):
        asked.pop(name, None)
    return asked


def input_value(text: str) -> str:
    """Return a time of the address as an input for a local time has it, in UTC; empty when it is none."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return ""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


def is_kept(name: str) -> bool:
    """Return whether a parameter has no control of its own on the page, and goes along hidden."""
    return name.startswith((parameters.FILTER, parameters.IS, parameters.NOT)) or name in (parameters.TEXT, "limit")


def without(query: QueryDict, *names: str) -> str:
    """Return the query without these parameters, for an address."""
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest.urlencode()


def places_of_options(user: Any) -> dict[str, str]:
    """Return where this user may add options: source → address in the admin."""
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
    """Return where in the admin an event of the type “TYPE” is emitted for a try."""
    may = user.is_staff and user.has_perms(["events.view_eventtype", "events.add_event"])
    return reverse("admin:events_eventtype_trial", args=["TYPE"]) if may else None
