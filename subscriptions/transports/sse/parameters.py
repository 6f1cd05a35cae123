"""What a stream is asked for, read from its address and its headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from events.core.problems import Problem, shown
from events.core.suggestion import did_you_mean
from subscriptions.protocol.commands import MAX_LAST, Subscribe, invalid_member

FILTER = "filter."
PARAMETERS = ("event_type", "filter.<name>", "after", "last", "ticket")
LAST_EVENT_ID = b"last-event-id"


def command_of(scope: dict[str, Any]) -> Subscribe:
    """Return the command that a request stands for. Where it says what it had last, it asks for what came after that,
    whatever its address says: an EventSource that comes back has the same one. Raises Refusal."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    for name in query:
        if name not in PARAMETERS and not name.startswith(FILTER):
            problem = f"no such parameter{did_you_mean(name, PARAMETERS)}; allowed: {', '.join(PARAMETERS)}"
            raise invalid_member(name, problem)
    if "event_type" not in query:
        raise invalid_member("event_type", "it is required; give one event type or more, each as event_type=…")
    filters = {
        name.removeprefix(FILTER): values if len(values) > 1 else values[0]
        for name, values in query.items()
        if name.startswith(FILTER)
    }
    had = dict(scope["headers"]).get(LAST_EVENT_ID, b"").decode("latin-1")
    after = had or single_value(query, "after")
    last = None if had else number_of(single_value(query, "last"))
    return Subscribe(event_types=query["event_type"], filters=filters, after=after, last=last)


def single_value(query: dict[str, list[str]], name: str) -> str | None:
    values = query.get(name, [])
    if len(values) > 1:
        raise invalid_member(name, f"it was given {len(values)} times; allowed is once")
    return values[0] if values else None


def number_of(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise invalid_member("last", f"{shown(text)} is not a number of events; allowed: 1 to {MAX_LAST:,}")
    return int(text)


def as_parameter(problem: Problem) -> Problem:
    """Return a problem of the command with the name that the address has for what is wrong."""
    field = re.sub(r"^event_types(\[\d+\])?$", "event_type", problem.field)
    return Problem(re.sub(r"^filters\.", FILTER, field), problem.problem)
