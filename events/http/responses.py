"""What has happened, as the HTTP API answers it: history, preview, and why an event is or is not asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import msgspec
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.http import QueryDict

from events import registry_cache
from events.access import policy
from events.core.event_types import EventType
from events.core.position import position_id
from events.core.problems import shown
from events.core.records import LoggedEvent
from events.core.values import timestamp_text
from events.database.pool import let_go_of_database
from events.http import explain, parameters
from events.http.explain import Explained
from events.http.parameters import Selection
from events.http.problem_details import HttpProblem, too_many_requests
from events.log import reading
from events.log import search as history
from events.pacing.turns import ThreadTurns

AnyUser = AbstractUser | AnonymousUser

SEARCHES = 2  # of a process at once; each may take a second, of which delivery wants its share
SEARCHES_OF_USER = 1  # of these, so that nobody has all
SEARCH_WAIT = 2.0  # seconds for one's turn

_turns: ThreadTurns[object] = ThreadTurns(SEARCHES, SEARCHES_OF_USER)


def history_answer(query: QueryDict, user: AnyUser) -> dict[str, Any]:
    parameters.refuse_unknown(query, parameters.HISTORY)
    asked = parameters.selection(query, registry_cache.refresh(), policy.viewer_of(user))
    search, limit, head = parameters.search(query, asked), parameters.limit(query), reading.place()
    before = parameters.before(query, head.epoch, head.position)
    with search_turn(user.pk):
        page = reading.within_epoch(head.epoch, history.find_page, search, before, limit)
    answer: dict[str, Any] = {
        "events": [as_message(event, head.epoch) for event in page.events],
        "next": None if page.next is None else position_id(head.epoch, page.next),
        "complete": page.looked_back_to is None,
    }
    if page.looked_back_to is not None:
        answer["looked_back_to"] = timestamp_text(page.looked_back_to)
    return answer


def preview_answer(query: QueryDict, user: AnyUser) -> dict[str, Any]:
    parameters.refuse_unknown(query, parameters.PREVIEW)
    asked = parameters.selection(query, registry_cache.refresh(), policy.viewer_of(user))
    search, head = parameters.search(query, asked), reading.place()
    with search_turn(user.pk):
        preview = reading.within_epoch(head.epoch, history.preview_of, search, head.position + 1)
    return {**preview._asdict(), "samples": [as_message(event, head.epoch) for event in preview.samples]}


def explain_answer(id: str, query: QueryDict, user: AnyUser) -> dict[str, Any]:
    parameters.refuse_unknown(query, parameters.EXPLAIN)
    registry, viewer = registry_cache.refresh(), policy.viewer_of(user)
    event, _ = event_of(id, user)
    asked = parameters.selection(query, registry, viewer)
    conditions = conditions_of(event, registry.types[event.type], asked, type_asked="event_type" in query)
    return {"matches": all(each.matched for each in conditions), "conditions": conditions}


def event_of(id: str, user: AnyUser) -> tuple[LoggedEvent, str]:
    """Return an event that this user may see, and the epoch. Raises HttpProblem, the same for what there is not."""
    registry, viewer, head = registry_cache.refresh(), policy.viewer_of(user), reading.place()
    position = parameters.position_in(id, head.epoch)
    event = None if position is None else reading.within_epoch(head.epoch, history.find_event, position)
    if event is None or not policy.may_see(viewer, registry, event):
        raise HttpProblem(404, "not_found", f"There is no event {shown(id)}, or you may not see it.")
    return event, head.epoch


def conditions_of(event: LoggedEvent, event_type: EventType, asked: Selection, *, type_asked: bool) -> list[Explained]:
    """Return the conditions of an event. The choice of event types is one if it was made, or if the names of the
    filters made it."""
    conditions = []
    if type_asked or event.type not in asked.of_type:
        conditions.append(explain.explain_type(event.type, list(asked.of_type)))
    if event.type in asked.of_type:
        data = msgspec.json.decode(event.data)
        conditions += explain.explain(event_type, asked.of_type[event.type], asked.filters, data)
    return conditions


def as_message(event: LoggedEvent, epoch: str) -> Mapping[str, Any]:
    """Return an event as it is over the socket."""
    return {
        "type": event.type,
        "id": position_id(epoch, event.position),
        "timestamp": timestamp_text(event.timestamp),
        "data": msgspec.Raw(event.data.encode()),
    }


@contextmanager
def search_turn(user_id: object) -> Iterator[None]:
    """Wait for this user's turn to search. Raises HttpProblem (`too_many_requests`) when it does not come within
    SEARCH_WAIT."""
    with ExitStack() as stack:
        try:
            stack.enter_context(_turns.turn(user_id, 0))
        except TimeoutError:
            let_go_of_database()  # a pool has few connections: nobody else shall lack the one that waits here
            try:
                stack.enter_context(_turns.turn(user_id, SEARCH_WAIT))
            except TimeoutError:
                raise too_many_requests("Too many searches at the moment; try again.") from None
        yield
