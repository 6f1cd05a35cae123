"""What the calls of views are sent: a view's members, checked before they become columns. All raise HttpProblem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.contrib.auth.models import Group

from events.core import filters
from events.core.event_types import EventType
from events.core.filters import FilterError
from events.core.limits import LIMITS
from events.core.problems import shown
from events.core.suggestion import did_you_mean
from events.http import parameters
from events.http.parameters import problem_of, problem_with
from events.http.problem_details import HttpProblem
from events.models import SavedView
from events.models.saved_view import ALERTS, MAX_NAME, MAX_VIEWS

Types = Mapping[str, EventType]  # those that somebody may see

ASKED = ("name", "colour", "event_types", "filters", "shared_with")  # an older form does not overwrite a newer save
FLAGS = ("paused", "muted", "alerts", "order")  # the last press counts
COLOURS = tuple(SavedView.Colour.values)
HIGHEST_ORDER = 100 * MAX_VIEWS


def members(body: object, allowed: Sequence[str]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise HttpProblem(400, "invalid_message", "The body is not a JSON object.")
    for name in body:
        if name not in allowed:
            problem = f"no such member{did_you_mean(name, allowed)}; allowed: {', '.join(allowed)}"
            raise problem_with("invalid_message", name, problem)
    return body


def checked(body: dict[str, Any], user: Any, types: Types, present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the members as columns. Raises HttpProblem. `present`: the filters of the view that is changed."""
    changes = {name: rule(name, body[name]) for name, rule in RULES.items() if name in body}
    if "shared_with" in body:
        changes["shared_with"] = group_of(user, body["shared_with"])
    if "filters" in body and "event_types" not in body:
        raise problem_with("invalid_message", "event_types", "it is missing; filters are changed along with them")
    if "event_types" in body:
        changes["event_types"], changes["filters"] = subscription_of(body, types, present or {})
    return changes


def subscription_of(body: dict[str, Any], types: Types, present: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    ids, wanted = body["event_types"], body.get("filters", present)
    if not isinstance(ids, list) or not ids or not all(isinstance(id, str) for id in ids):
        raise problem_with("invalid_message", "event_types", f"{shown(ids)} is not a list of event types")
    if not isinstance(wanted, dict):
        raise problem_with("invalid_message", "filters", f"{shown(wanted)} is not an object")
    most = LIMITS["subscription_bytes_per_connection"]
    if len(msgspec.json.encode([ids, wanted])) > most:
        raise problem_with("limit_exceeded", "filters", f"over {most:,} bytes with the event types")
    chosen = parameters.chosen_types(list(dict.fromkeys(ids)), dict(types))
    try:
        filters.parse_filters(wanted, chosen)
        filters.check_can_be_kept(wanted)
    except FilterError as error:
        raise problem_of(error.code, error.problems) from None
    return [each.id for each in chosen], wanted


def name_of(member: str, value: object) -> str:
    if not isinstance(value, str) or len(value.strip()) > MAX_NAME or not value.isprintable():
        raise problem_with("invalid_message", member, f"{shown(value)} is not a text of up to {MAX_NAME} characters")
    return value.strip()


def colour_of(member: str, value: object) -> str:
    if value not in COLOURS:
        problem = f"{shown(value)} is not a colour; allowed: {', '.join(COLOURS)}"
        raise problem_with("invalid_message", member, problem)
    return str(value)


def flag_of(member: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise problem_with("invalid_message", member, f"{shown(value)} is neither true nor false")
    return value


def alerts_of(member: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(each in ALERTS for each in value):
        raise problem_with("invalid_message", member, f"{shown(value)} is not a list of: {', '.join(ALERTS)}")
    return [each for each in ALERTS if each in value]


def order_of(member: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= HIGHEST_ORDER:
        problem = f"{shown(value)} is not a place; allowed: 0 to {HIGHEST_ORDER}"
        raise problem_with("invalid_message", member, problem)
    return value


def group_of(user: Any, value: object) -> Group | None:
    """Return a group to share with: one of the user's own."""
    if value is None:
        return None
    group: Group | None = user.groups.filter(pk=value).first() if isinstance(value, int) else None
    if group is None:
        own = ", ".join(user.groups.values_list("name", flat=True)) or "none"
        raise problem_with(
            "invalid_message", "shared_with", f"{shown(value)} is not a group of yours; those are: {own}"
        )
    return group


RULES = {
    "name": name_of,
    "colour": colour_of,
    "paused": flag_of,
    "muted": flag_of,
    "alerts": alerts_of,
    "order": order_of,
}
