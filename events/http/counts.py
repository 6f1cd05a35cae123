"""The calls that count events by time and severity: of what one asks for, and of each view of a person."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from events import registry_cache
from events.access import policy
from events.core import filters
from events.core.filters import FilterError
from events.core.problems import shown
from events.core.values import timestamp_text
from events.http import parameters
from events.http.api import ApiView
from events.http.parameters import problem_with
from events.http.responses import AnyUser, search_turn
from events.http.saved_views import PageView, views_for
from events.log import counts, reading
from events.log.search import Search
from events.models.saved_view import MAX_VIEWS

COUNTS = (*parameters.PREVIEW, "parts")
MAX_PARTS = 240  # bars that a chart has room for
MAX_VIEWS_COUNTED = 2 * MAX_VIEWS  # a user's own, and as many that others share
ONE_HOUR = timedelta(hours=1)


class CountsView(ApiView):
    def get(self, request: Request) -> Response:
        return Response(counts_answer(request.query_params, request.user))


def counts_answer(query: QueryDict, user: AnyUser) -> dict[str, Any]:
    """Count between `since`, else an hour before the end, and `until`, else now."""
    parameters.refuse_unknown(query, COUNTS)
    asked = parameters.selection(query, registry_cache.refresh(), policy.viewer_of(user))
    search, parts, head = parameters.search(query, asked), parts_of(query), reading.head()
    until = search.until or timezone.now()
    since = search.since or until - ONE_HOUR
    if since >= until:
        raise problem_with("invalid_message", "since", f"{shown(query['since'])} is in the future")
    with search_turn(user.pk):
        counted = counts.count(search, head.position + 1, since, until, parts)
    answer = {
        "since": timestamp_text(since),
        "until": timestamp_text(until),
        "parts": [dict(part) for part in counted.parts],
        "complete": counted.looked_back_to is None,
    }
    if counted.looked_back_to is not None:
        answer["looked_back_to"] = timestamp_text(counted.looked_back_to)
    return answer


class ViewCountsView(PageView):
    """What each view has had in the last hour: the sparklines of the page's cards."""

    def get(self, request: Request) -> Response:
        parameters.refuse_unknown(request.query_params, ("parts",))
        parts, until, head = parts_of(request.query_params), timezone.now(), reading.head()
        searches = searches_of_views(request.user)
        with search_turn(request.user.pk):
            counted = counts.count_each(list(searches.values()), head.position + 1, until - ONE_HOUR, until, parts)
        of_each = zip(searches, counted.parts, strict=True)
        return Response(
            {
                "since": timestamp_text(until - ONE_HOUR),
                "until": timestamp_text(until),
                "views": [{"id": id, "parts": [dict(part) for part in of_view]} for id, of_view in of_each],
                "complete": counted.looked_back_to is None,
            }
        )


def searches_of_views(user: Any) -> dict[str, Search]:
    """Return what the views that a user has, and those that others share, ask for of what this user may see. A view
    whose types or filters are not there any more brings nothing, and is left out."""
    registry = registry_cache.refresh()
    scopes = policy.scopes_of(policy.viewer_of(user), registry)
    types = {id: registry.types[id] for id in scopes}
    views = views_for(user, types)
    found = {}
    for view in [*views["own"], *views["shared"]][:MAX_VIEWS_COUNTED]:
        if not all(id in types for id in view["event_types"]):
            continue
        try:
            of_type = filters.parse_filters(view["filters"], [types[id] for id in view["event_types"]])
        except FilterError:
            continue
        found[view["id"]] = Search(policy.within_scopes(scopes, of_type), scopes=scopes)
    return found


def parts_of(query: QueryDict) -> int:
    text = parameters.single_value(query, "parts")
    if text is None:
        return 1
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_PARTS:
        raise problem_with("invalid_message", "parts", f"{shown(text)} is not a number; allowed: 1 to {MAX_PARTS}")
    return int(text)
