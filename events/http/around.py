"""What else happened to the same: events before and after one, that are about its subject."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from events import registry_cache
from events.access import policy
from events.core.event_types import EventType, folded
from events.core.filters import Condition, Filter
from events.core.records import LoggedEvent
from events.core.values import Scalar, json_text
from events.http import parameters
from events.http.api import ApiView
from events.http.responses import AnyUser, as_message, event_of, search_turn
from events.log import reading
from events.log import search as history
from events.log.search import Search

EACH_WAY = 10  # events
SPAN = timedelta(minutes=10)  # each way; what is further off has little to do with it
READ = 200  # events of the span, at most


class AroundView(ApiView):
    def get(self, request: Request, id: str) -> Response:
        parameters.refuse_unknown(request.query_params, ())
        return Response(around_answer(id, request.user))


def around_answer(id: str, user: AnyUser) -> dict[str, Any]:
    event, epoch = event_of(id, user)
    subject, found = around(event, epoch, user)
    return {"subject": subject, "events": [as_message(each, epoch) for each in found]}


def around(event: LoggedEvent, epoch: str, user: AnyUser) -> tuple[Scalar | None, list[LoggedEvent]]:
    """Return the subject of an event, and what else happened to it, the oldest first."""
    registry = registry_cache.current()
    subject = subject_of(registry.types[event.type], msgspec.json.decode(event.data))
    if subject is None:
        return None, []
    scopes = policy.scopes_of(policy.viewer_of(user), registry)
    asked = {id: asks for id in scopes if (asks := about(registry.types[id], subject)) is not None}
    search = Search(
        policy.within_scopes(scopes, asked),
        since=event.timestamp - SPAN,
        until=event.timestamp + SPAN,
        scopes=scopes,
    )
    with search_turn(user.pk):
        page = reading.within_epoch(epoch, history.find_page, search, reading.head().position + 1, READ)
    earlier = [each for each in page.events if each.position < event.position][:EACH_WAY]
    later = [each for each in page.events if each.position > event.position][-EACH_WAY:]
    return subject, [*reversed(earlier), *reversed(later)]


def subject_of(event_type: EventType, data: dict[str, Any]) -> Scalar | None:
    """Return the subject, a plain value, or None."""
    subject = data.get(event_type.subject) if event_type.subject else None
    return subject if isinstance(subject, str | int | float) else None


def about(event_type: EventType, subject: Scalar) -> Filter | None:
    """Return the filter for events of a type about this subject; None when the type names no subject."""
    if not event_type.subject:
        return None
    # A name that no field can have.
    return (Condition("about it", event_type.subject, "in", False, (folded(json_text(subject)),)),)
