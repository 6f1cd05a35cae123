"""An example of an event type: the newest event that the reader may see, else an invented one."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import msgspec
from django.http import QueryDict
from django.utils.safestring import SafeString

from events.core.event_types import EventType
from events.core.legible import legible_json
from events.http import responses
from events.http.problem_details import HttpProblem
from events.page import markup
from events.page.catalogue import rates
from events.page.views import readable
from events.simulation.invention import payload

LOOKED_AT = 200  # events, for the sources of a type
LARGEST = 8 * 1024  # characters of a payload that is shown as an example
# What an event says of where it comes from, up to the colon. After the colon stands a person.
SOURCES = {
    "api": "the HTTP API",
    "admin": "the admin",
    "agent": "an agent",
    "command": "a command on the server",
    "django.auth": "eventhub, when people sign in and when access changes",
    "logging": "eventhub, when it logs an error",
    "mcp": "an MCP server that offers such events",
    "mcp.monitor": "the monitor of MCP servers",
    "mcp.registry": "the register of MCP servers",
}


class Example(NamedTuple):
    payload: str  # JSON, with the digits that it has in the log
    summary: SafeString
    event: dict[str, Any] | None  # None: it is invented


def example_of(event_type: EventType, user: Any) -> Example:
    """Return the newest event that the user may see; one that is too large for an example is none."""
    event = None if event_type.ephemeral else newest(event_type.id, user)
    if event is not None and event["severity"] and len(event["payload"]) <= LARGEST:
        return Example(event["payload"], event["summary"], event)
    invented = payload(event_type, Random(0))
    text = legible_json(msgspec.json.format(msgspec.json.encode(invented)).decode())
    return Example(text, markup.summary(event_type.summary_pieces(invented)), None)


def newest(id: str, user: Any) -> dict[str, Any] | None:
    try:
        answer = responses.history_answer(QueryDict(f"event_type={id}&limit=1"), user)
    except HttpProblem:  # too many search at the moment: an invented one does
        return None
    return next(map(readable, answer["events"]), None)


def sources_of(id: str) -> list[str]:
    """Return where the newest events of a type came from, without the people's names."""
    kinds = dict.fromkeys(source.partition(":")[0] for source in rates.newest_sources(id, LOOKED_AT))
    return [SOURCES.get(kind, kind) for kind in kinds if kind]


def came_from(position: int) -> str:
    """Return where an event came from, without a person's name."""
    kind = rates.source_of(position).partition(":")[0]
    return SOURCES.get(kind, kind)
