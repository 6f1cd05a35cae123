"""What has happened since a cursor: one answer, of which the server keeps nothing."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
from django.utils import timezone

from events import registry_cache
from events.access import policy
from events.core import filters
from events.core.event_types import EventType, Registry, Viewer
from events.core.filters import Filter
from events.core.position import parse_position, position_id
from events.core.records import LoggedEvent
from events.http.problem_details import HttpProblem
from events.http.responses import search_turn
from events.log import reading, search
from events.log.reading import Place
from events.models import Event
from subscriptions.protocol import mcp_events
from subscriptions.protocol.mcp_events import EventsError, PollParams
from subscriptions.standing.requests.making import too_many_texts

ROWS = 500  # of the log, that are read at once
SECONDS = 0.5  # of looking through a backlog; then the agent is told that there is more
LONGEST_AGE_MS = 10**12  # 30 years, which is before all logs
MAX_CHARACTERS = 1024 * 1024  # of the payloads of one answer


class Start(NamedTuple):
    """After which position an answer begins, and whether events before that are missing."""

    after: int
    truncated: bool


def poll(user: Any, params: PollParams) -> dict[str, Any]:
    """Return the next events of a type that the caller asks for, or a first cursor. Raises EventsError."""
    registry, viewer = registry_cache.refresh(), policy.viewer_of(user)
    event_type, asked = asked_of(params.name, params.arguments or {}, registry, viewer)
    if event_type.ephemeral:
        raise mcp_events.not_delivered_so(params.name, mcp_events.POLL)
    head = reading.place()
    start = start_of(params.cursor, params.max_age_ms, event_type.id, head)
    most = min(params.max_events or mcp_events.DEFAULT_EVENTS, mcp_events.MOST_EVENTS)
    reader = Reader(start, event_type.id, asked, most, head)
    reader.read_all(user.pk)
    truncated = start.truncated or reading.is_pruned(start.after, [event_type.id])  # judged after the page
    return {
        "events": [mcp_events.occurrence(each, head.epoch) for each in reader.events],
        "cursor": position_id(head.epoch, reader.position),
        "truncated": truncated,
        "hasMore": reader.has_more,
        "nextPollMs": mcp_events.NEXT_POLL_MS,
    }


def asked_of(name: str, arguments: dict[str, Any], registry: Registry, viewer: Viewer) -> tuple[EventType, Filter]:
    """Return the event type, and what is asked of it within what the viewer may see. Raises EventsError."""
    scopes = policy.scopes_of(viewer, registry)
    if name not in scopes:
        raise mcp_events.no_such_event(name)
    event_type = registry.types[name]
    try:
        of_type = filters.parse_filters(arguments, [event_type])
        filters.check_can_be_kept(arguments)
    except filters.FilterError as error:
        sentence = "; ".join(f"{field.replace('filters.', 'arguments.', 1)}: {what}" for field, what in error.problems)
        raise EventsError(mcp_events.INVALID_PARAMS, f"{sentence}.") from None
    if problem := too_many_texts(of_type):
        raise EventsError(mcp_events.RESOURCE_EXHAUSTED, f"params.arguments: {problem}.", limit="text_conditions")
    return event_type, policy.within_scopes(scopes, of_type)[name]


def start_of(cursor: str | None, max_age_ms: int | None, type_id: str, head: Place) -> Start:
    """Return where to begin. A cursor of another log, or of none, begins at the head: what came before is missing."""
    if cursor is None:
        return Start(head.position, truncated=False)
    known = parse_position(cursor)
    if known is None or known[0] != head.epoch or known[1] > head.position:
        return Start(head.position, truncated=True)
    if max_age_ms is None:
        return Start(known[1], truncated=False)
    earliest = search.position_before(timezone.now() - timedelta(milliseconds=min(max_age_ms, LONGEST_AGE_MS)))
    if earliest <= known[1]:
        return Start(known[1], truncated=False)
    skipped = Event.objects.after(known[1]).filter(type_id=type_id, position__lte=earliest)
    return Start(earliest, truncated=skipped.exists())


class Reader:
    """Reads the events of a type on from a position, as many as one answer has."""

    def __init__(self, start: Start, type_id: str, asked: Filter, most: int, head: Place) -> None:
        self.events: list[LoggedEvent] = []
        self.position = start.after  # everything up to here was looked at
        self.has_more = True
        self._type_id = type_id
        self._asked = asked
        self._most = most
        self._head = head
        self._characters = 0

    def read_all(self, who: object) -> None:
        """Read up to the head, or until there is enough. Whoever has a backlog takes turns with those who search; if
        the turn does not come, the answer says that there is more."""
        if self._is_done_after_step():
            return
        deadline = time.monotonic() + SECONDS
        with suppress(HttpProblem), search_turn(who):
            while not self._is_done_after_step() and time.monotonic() < deadline:
                pass

    def _is_done_after_step(self) -> bool:
        page = reading.read_after(self.position, ROWS, [self._type_id], epoch=self._head.epoch)
        for number, row in enumerate(page.events, 1):
            self.position = row.position
            if not self._asked or filters.matches(self._asked, msgspec.json.decode(row.data)):
                self.events.append(row)
                self._characters += len(row.data)
                if len(self.events) == self._most or self._characters >= MAX_CHARACTERS:
                    self.has_more = number < len(page.events) or not page.is_last
                    return True
        self.position, self.has_more = max(self.position, page.read_up_to(self._head.position)), not page.is_last
        return not self.has_more
