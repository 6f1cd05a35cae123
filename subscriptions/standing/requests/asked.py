"""What people send of a standing subscription: its shape, and what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from events.core.problems import Problem, misfit, shown
from subscriptions.models.standing import MAX_NAME
from subscriptions.protocol.commands import Refusal

MOST_PARALLEL = 8


class ChangedDestination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not given stays as it is. Each kind has some of these (`destinations.MEMBERS`)."""

    url: str | None = None
    address: str | None = None
    format: str | None = None
    parallel: int | None = None
    secret: str | None = None  # another one, or "new": made here
    group_by: str | None = None
    least_severity: str | None = None
    quiet_from: str | None = None  # of these times, an empty one takes it away
    quiet_until: str | None = None
    daily_at: str | None = None
    time_zone: str | None = None


class AskedDestination(ChangedDestination, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not given has its default."""

    kind: str = "webhook"


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    event_types: list[str]
    destination: AskedDestination
    name: str = ""
    filters: dict[str, Any] | None = None


class Changed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is not given stays as it is."""

    name: str | None = None
    event_types: list[str] | None = None
    filters: dict[str, Any] | None = None
    destination: ChangedDestination | None = None


S = TypeVar("S", Asked, Changed)


def read(body: object, shape: type[S]) -> S:
    """Return what was sent in this shape. Raises Refusal."""
    if not isinstance(body, Mapping):
        raise Refusal("invalid_message", f"{shown(body)} is not a JSON object.")
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise refusal(*misfit(error, body, shape)) from None


def refusal(field: str, problem: str, code: str = "invalid_message") -> Refusal:
    return Refusal(code, f"{field}: {problem}.", [Problem(field, problem)])


def checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise refusal("name", f"{shown(name)} is not a name of 1 to {MAX_NAME} characters that can be shown")
    return name


def checked_choice(field: str, value: str, allowed: list[str]) -> str:
    if value not in allowed:
        raise refusal(field, f"{shown(value)} is none; allowed: {', '.join(allowed)}")
    return value


def checked_parallel(value: int) -> int:
    if not 1 <= value <= MOST_PARALLEL:
        raise refusal("destination.parallel", f"{shown(value)} is not a number from 1 to {MOST_PARALLEL}")
    return value
