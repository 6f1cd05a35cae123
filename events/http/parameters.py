"""What history, preview and explain are asked, read from the address. All of them raise HttpProblem."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.http import QueryDict

from events.access import policy
from events.access.policy import Scopes
from events.core import filters, moment
from events.core.event_types import SEVERITIES, EventType, Registry, Viewer
from events.core.filters import Filter, FilterError
from events.core.limits import LIMITS
from events.core.moment import Moment
from events.core.position import parse_position
from events.core.problems import Problem, no_such_type, shown
from events.core.suggestion import did_you_mean
from events.http.narrowing import Demand, Narrowing, value_of
from events.http.problem_details import HttpProblem
from events.log.search import Search

FILTER = "filter."
IS, NOT, TEXT = "is.", "not.", "q"  # what narrows beside filters
EXPLAIN = ("event_type", "filter.<name>")
PREVIEW = (*EXPLAIN, "severity", "since", "until", TEXT, f"{IS}<member>", f"{NOT}<member>")
HISTORY = (*PREVIEW, "limit", "cursor")

DEFAULT_LIMIT, MAX_LIMIT = 50, 1000  # events of a page
MAX_DEMANDS = 20  # values that narrow; each is compared with every event that is read
NOT_POSSIBLE = ("unknown_event_type", "unknown_filter", "invalid_filter")  # well written, but not in this registry


class Selection(NamedTuple):
    """The chosen types with what is asked of each, the filters as they were written, and what may be seen."""

    of_type: dict[str, Filter]
    filters: dict[str, Any]
    scopes: Scopes
    types: Mapping[str, EventType]  # of the registry


def refuse_unknown(query: QueryDict, allowed: Collection[str]) -> None:
    prefixes = tuple(name.partition("<")[0] for name in allowed if "<" in name)
    unknown = [name for name in query if name not in allowed and not name.startswith(prefixes)]
    if unknown:
        name = unknown[0]
        problem = f"no such parameter{did_you_mean(name, allowed)}; allowed: {', '.join(allowed)}"
        raise problem_with("invalid_message", name, problem)


def selection(query: QueryDict, registry: Registry, viewer: Viewer) -> Selection:
    """Return what the parameters ask for. Without an event type, that is all that the viewer may see and that have
    every filter named."""
    wanted = {
        name.removeprefix(FILTER): values if len(values) > 1 else values[0]
        for name, values in query.lists()
        if name.startswith(FILTER)
    }
    scopes = policy.scopes_of(viewer, registry)
    types = {id: registry.types[id] for id in scopes}
    if "event_type" in query:
        chosen = chosen_types(list(dict.fromkeys(query.getlist("event_type"))), types)
    else:
        chosen = [each for each in types.values() if all(each.field(name) for name in wanted)]
    try:
        of_type = filters.parse_filters(wanted, chosen or list(types.values()))
    except FilterError as error:
        problems = [Problem(field.replace("filters.", FILTER, 1), problem) for field, problem in error.problems]
        raise problem_of(error.code, problems) from None
    if types and not chosen:
        problem = f"no event type has all of {', '.join(wanted)}"
        raise problem_of("unknown_filter", [Problem(f"{FILTER}{name}", problem) for name in wanted])
    return Selection(of_type, wanted, scopes, registry.types)


def chosen_types(ids: Sequence[str], types: dict[str, EventType]) -> list[EventType]:
    most = LIMITS["event_types_per_subscription"]
    if len(ids) > most:
        raise problem_with("limit_exceeded", "event_type", f"{len(ids)} event types; at most {most} are allowed")
    for id in ids:
        if id not in types:
            raise problem_with("unknown_event_type", "event_type", no_such_type(id, types, did_you_mean(id, types)))
    return [types[id] for id in ids]


def search(query: QueryDict, asked: Selection) -> Search:
    severities = frozenset(query.getlist("severity"))
    for severity in sorted(severities.difference(SEVERITIES)):
        problem = f"{shown(severity)} is not a severity; allowed: {', '.join(SEVERITIES)}"
        raise problem_with("invalid_message", "severity", problem)
    since, until = moment_of(query, "since"), moment_of(query, "until")
    if since is not None and until is not None and since.first >= until.end:
        problem = f"{shown(query['since'])} is after until, {shown(query['until'])}"
        raise problem_with("invalid_message", "since", problem)
    of_type = policy.within_scopes(asked.scopes, asked.of_type)
    narrowing = narrowing_of(query, asked.types)
    return Search(
        of_type,
        severities,
        since and since.first,
        until and until.end,
        asked.scopes,
        narrowing and narrowing.passes,
    )


def narrowing_of(query: QueryDict, types: Mapping[str, EventType]) -> Narrowing | None:
    """Return what narrows the events beside filters; None when nothing does."""
    text = single_value(query, TEXT) or ""
    demands = [
        (f"{prefix}{member}", written, Demand(member, value_of(written), prefix == NOT))
        for prefix in (IS, NOT)
        for name in query
        if name.startswith(prefix) and (member := name.removeprefix(prefix))
        for written in query.getlist(name)
    ]
    most, longest = MAX_DEMANDS, LIMITS["value_length"]
    if len(demands) > most:
        problem = f"{len(demands)} values narrow the events; at most {most} are allowed"
        raise problem_with("limit_exceeded", demands[most][0], problem)
    for name, written in ((TEXT, text), *((name, written) for name, written, _ in demands)):
        if len(written) > longest:
            raise problem_with("limit_exceeded", name, f"{shown(written)} is longer than {longest} characters")
    text = text.strip().lower()
    return Narrowing(text, tuple(demand for *_, demand in demands), types) if text or demands else None


def moment_of(query: QueryDict, name: str) -> Moment | None:
    text = single_value(query, name)
    if text is None:
        return None
    try:
        # A + that was not escaped in the address has become a space.
        return moment.parse_moment(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        problem = f"{shown(text)} is not a time in ISO 8601; allowed is such as 2026-01-31 or 2026-01-31T23:59:00Z"
        raise problem_with("invalid_message", name, problem) from None


def limit(query: QueryDict) -> int:
    text = single_value(query, "limit")
    if text is None:
        return DEFAULT_LIMIT
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= MAX_LIMIT:
        raise problem_with(
            "invalid_message", "limit", f"{shown(text)} is not a number of events; allowed: 1 to {MAX_LIMIT}"
        )
    return int(text)


def before(query: QueryDict, epoch: str, head: int) -> int:
    """Return the position before which a page begins: the cursor's, or the log's end."""
    text = single_value(query, "cursor")
    if text is None:
        return head + 1
    position = position_in(text, epoch)
    if position is None:
        problem = f"{shown(text)} is not a cursor of this log; take “next” of an answer, or begin without"
        raise problem_with("invalid_position", "cursor", problem)
    return position


def position_in(text: str, epoch: str) -> int | None:
    """Return the number of a position of this epoch; None for anything else."""
    position = parse_position(text)
    return position[1] if position and position[0] == epoch else None


def single_value(query: QueryDict, name: str) -> str | None:
    values = query.getlist(name)
    if len(values) > 1:
        raise problem_with("invalid_message", name, f"it was given {len(values)} times; allowed is once")
    return values[0] if values else None


def problem_with(code: str, field: str, problem: str) -> HttpProblem:
    return problem_of(code, [Problem(field, problem)])


def problem_of(code: str, problems: Sequence[Problem]) -> HttpProblem:
    status = 422 if code in NOT_POSSIBLE else 400
    return HttpProblem(status, code, "; ".join(f"{field}: {problem}" for field, problem in problems) + ".", problems)
