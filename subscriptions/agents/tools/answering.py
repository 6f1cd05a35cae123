"""What all tools have in common: refusals become sentences, and answers are bounded."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import msgspec
from django.http import QueryDict
from django_mcpz.server import ToolError

from events.broadcast import BroadcastError
from events.core import filters
from events.core.problems import shown
from events.core.values import json_text
from events.database.trouble import is_away
from events.http.parameters import FILTER
from events.http.problem_details import HttpProblem
from events.log.records import LogUnavailable

MAX_ANSWER = 32 * 1024  # bytes of JSON; what is longer fills the context of a model
ENVELOPE = 512  # bytes of these, for what stands around a list

P = ParamSpec("P")
R = TypeVar("R")
Item = TypeVar("Item")


def answers(tool: Callable[P, R]) -> Callable[P, R]:
    """Let a tool tell what is wrong with a call in a sentence, so that the agent can mend it."""

    @functools.wraps(tool)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except HttpProblem as problem:
            raise ToolError(problem.detail) from None
        except BroadcastError as error:
            raise ToolError(str(error)) from None
        except Exception as error:
            if isinstance(error, LogUnavailable) or is_away(error):
                raise ToolError("The database is not available at the moment; try again.") from None
            raise

    return answer


def fitting(items: Sequence[Item], room: int = MAX_ANSWER - ENVELOPE) -> Sequence[Item]:
    """Return as many of the first as fit into an answer."""
    for count, item in enumerate(items):
        room -= len(msgspec.json.encode(item)) + 1
        if room < 0:
            return items[:count]
    return items


def offset_of(cursor: str | None, count: int) -> int:
    """Return how many were on the pages before. Raises ToolError for what is no cursor of such a list."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10 and int(cursor) <= count):
        raise ToolError(f"cursor: {shown(cursor)} is none of this list; take “next” of an answer, or begin without.")
    return int(cursor)


def next_of(offset: int, shown_now: int, count: int) -> str | None:
    reached = offset + shown_now
    return str(reached) if reached < count else None


def query_of(event_type: list[str] | None, filter: dict[str, Any], **single: str | None) -> QueryDict:
    """Return what is asked as the HTTP API is asked it, so that both answer the same. Raises ToolError."""
    query = QueryDict(mutable=True)
    if event_type is not None:
        if not event_type:
            raise ToolError("event_type: [] was sent; name one event type or more, or leave it out for all.")
        query.setlist("event_type", event_type)
    for name, asked in filter.items():
        values = asked if isinstance(asked, list) else [asked]
        if not all(isinstance(each, str | int | float) for each in values if filters.asks(asked)):
            raise ToolError(f"filter.{name}: {shown(asked)} is not a string, number, boolean, or list of these.")
        if filters.asks(asked):
            query.setlist(f"{FILTER}{name}", [json_text(each) for each in values])
    for name, value in single.items():
        if value is not None:
            query[name] = value
    return query
