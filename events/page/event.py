"""The page of one event, by its own address: /events/e/<id>."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from events import registry_cache
from events.access import policy
from events.access.metadata import metadata_for
from events.core.legible import legible_json
from events.core.limits import LIMITS
from events.http import around, responses
from events.http.problem_details import HttpProblem
from events.page.catalogue.example import came_from
from events.page.views import readable, server_time

LONGEST_VALUE = 200  # characters of a value that one narrows by


@require_safe
@login_required
@never_cache
def event(request: HttpRequest, id: str) -> HttpResponse:
    """Show an event, and what else happened to its subject. What one may not see is as what there is not: 404."""
    try:
        found, epoch = responses.event_of(id, request.user)
    except HttpProblem:
        raise Http404 from None
    shown = readable(responses.as_message(found, epoch))
    try:
        subject, others = around.around(found, epoch, request.user)
    except HttpProblem:  # too many search at the moment: the page does without
        subject, others = None, []
    messages = [shown, *(readable(responses.as_message(each, epoch)) for each in others)]
    context = {
        "event": shown,
        "members": members(found.data),
        "subject": subject,
        "came_from": came_from(found.position),
        "around": sorted(messages, key=lambda each: int(each["id"].rpartition("-")[2])) if others else [],
        "age": now() - shown["timestamp"],
        "data": {
            "viewer": request.user.pk,
            "now": server_time(),
            "metadata": metadata_for(policy.viewer_of(request.user), registry_cache.current(), LIMITS),
            "event": {**responses.as_message(found, epoch), "data": found.data},
            "may_emit": request.user.has_perm("events.add_event")
            and registry_cache.current().types[found.type].external,
        },
    }
    return render(request, "eventhub/events/event.html", context)


def members(data: str) -> list[dict[str, Any]]:
    """Return each member of a payload with its JSON as it came, and where a plain value leads to."""
    rows = []
    for name, raw in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).items():
        text = bytes(raw).decode()
        value = msgspec.json.decode(raw)
        is_plain = isinstance(value, str | int | float) and len(text) <= LONGEST_VALUE
        written = address_value(value, text)
        rows.append(
            {
                "name": name,
                "text": legible_json(text),
                "only": urlencode({f"is.{name}": written}) if is_plain else "",
                "without": urlencode({f"not.{name}": written}) if is_plain else "",
            }
        )
    return rows


def address_value(value: object, text: str) -> str:
    """Return a value as the address has it: text as it is, unless that could be read as another value of JSON."""
    if not isinstance(value, str):
        return text
    try:
        msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
    return text
