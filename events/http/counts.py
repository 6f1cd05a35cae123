"""The call that counts events by time and severity."""

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
from events.core.problems import shown
from events.core.values import timestamp_text
from events.http import parameters
from events.http.api import ApiView
from events.http.parameters import problem_with
from events.http.responses import AnyUser, search_turn
from events.log import counts, reading

COUNTS = (*parameters.PREVIEW, "parts")
MAX_PARTS = 240  # bars that a chart has room for
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


def parts_of(query: QueryDict) -> int:
    text = parameters.single_value(query, "parts")
    if text is None:
        return 1
    if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= MAX_PARTS:
        raise problem_with("invalid_message", "parts", f"{shown(text)} is not a number; allowed: 1 to {MAX_PARTS}")
    return int(text)
