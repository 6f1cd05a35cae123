"""What a caller of the API sends, held to the admin's own form: the same addresses, the same rules for secrets."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar, cast

import msgspec
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.forms import model_to_dict, modelform_factory

from events.core.problems import Problem, misfit, shown
from events.http.problem_details import HttpProblem
from events.mcp.admin.form import ServerForm
from events.mcp.http.described import SETTABLE
from events.mcp.models import Maintenance, McpServer
from events.mcp.models.words import WordsField
from events.mcp.reliability.windows import LONGEST

FORM = modelform_factory(McpServer, form=ServerForm, fields=SETTABLE)


class Window(msgspec.Struct, forbid_unknown_fields=True):
    """Either `minutes` from now, or from and until, or each week."""

    minutes: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    weekday: int | None = None
    at: str | None = None
    lasts_s: int | None = None
    zone: str = ""
    note: str = ""


class Approval(msgspec.Struct, forbid_unknown_fields=True):
    """Fingerprints of the lists of tools that somebody has looked at."""

    fingerprints: list[str]


def form_for(body: Any, user: AbstractUser, server: McpServer | None = None) -> ServerForm:
    """Return a valid form. Raises HttpProblem."""
    if not isinstance(body, dict):
        raise HttpProblem(400, "invalid_message", f"{shown(body)} is not a JSON object with the fields of a server.")
    problems = [*of_names(body), *of_types(body)]
    if server is not None and body.get("name", server.name) != server.name:
        problems.append(Problem("name", f"{shown(body['name'])} is another name: it is fixed once saved"))
    if problems:
        raise refusal(problems)
    data = as_form(model_to_dict(server or McpServer(), SETTABLE) | body)
    data["initial-status"] = server.status if server else McpServer.Status.ACTIVE
    form = cast(ServerForm, FORM(data, instance=server))
    form.user = user
    if not form.is_valid():
        raise refusal([Problem(name, str(error)) for name, errors in form.errors.items() for error in errors])
    return form


def of_names(body: dict[str, Any]) -> list[Problem]:
    allowed = ", ".join(SETTABLE)
    return [Problem(name, f"no such field; allowed: {allowed}") for name in body if name not in SETTABLE]


def of_types(body: dict[str, Any]) -> list[Problem]:
    problems = []
    for name, value in body.items():
        if name not in SETTABLE:
            continue
        field = McpServer._meta.get_field(name)
        if isinstance(field, WordsField):
            fits, wanted = isinstance(value, list) and all(isinstance(each, str) for each in value), "a list of texts"
        elif field.get_internal_type() == "BooleanField":
            fits, wanted = isinstance(value, bool), "true or false"
        elif field.get_internal_type() in ("CharField", "TextField"):
            fits, wanted = isinstance(value, str), "a text"
        else:
            fits, wanted = isinstance(value, int | float) and not isinstance(value, bool), "a number"
        if not fits:
            problems.append(Problem(name, f"{shown(value)} is not {wanted}"))
    return problems


def as_form(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in values.items()}


def window_of(body: Any, now: datetime) -> Maintenance:
    """Return a window that is not checked yet. Raises HttpProblem."""
    asked = converted(body, Window)
    if asked.minutes is not None:
        if not 1 <= asked.minutes <= 100_000 or asked.starts_at or asked.ends_at:
            problem = f"{asked.minutes} is not possible: 1 to 100,000, without starts_at and ends_at"
            raise refusal([Problem("minutes", problem)])
        asked.starts_at, asked.ends_at = now, now + timedelta(minutes=asked.minutes)
    longest = int(LONGEST.total_seconds())
    if asked.lasts_s is not None and not 1 <= asked.lasts_s <= longest:
        raise refusal([Problem("lasts_s", f"{shown(asked.lasts_s)} is not possible: 1 to {longest:,}, seven days")])
    if not asked.note.isprintable():
        raise refusal([Problem("note", f"{shown(asked.note)} has characters that cannot be shown")])
    return Maintenance(
        starts_at=in_utc("starts_at", asked.starts_at),
        ends_at=in_utc("ends_at", asked.ends_at),
        weekday=asked.weekday,
        at=time_of(asked.at),
        lasts=None if asked.lasts_s is None else timedelta(seconds=asked.lasts_s),
        zone=asked.zone,
        note=asked.note,
    )


def in_utc(name: str, at: datetime | None) -> datetime | None:
    """Return the same time in UTC, as databases keep it. Raises HttpProblem."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise refusal([Problem(name, f"“{at}” has no time zone, such as Z")])
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise refusal([Problem(name, f"“{at}” is outside of the calendar")]) from None


def time_of(text: str | None) -> time | None:
    try:
        return None if text is None else time.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise refusal([Problem("at", f"{shown(text)} is no time of a day, such as 02:30")]) from None


S = TypeVar("S", bound=msgspec.Struct)


def converted(body: Any, shape: type[S]) -> S:
    if not isinstance(body, dict):
        raise HttpProblem(400, "invalid_message", f"{shown(body)} is not a JSON object.")
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise refusal([misfit(error, body, shape)]) from None


def of_model(error: ValidationError) -> HttpProblem:
    if hasattr(error, "error_dict"):
        return refusal([Problem(name, text) for name, texts in error.message_dict.items() for text in texts])
    return HttpProblem(400, "invalid_message", " ".join(error.messages))


def refusal(problems: list[Problem]) -> HttpProblem:
    return HttpProblem(
        400, "invalid_message", "; ".join(f"{each.field}: {each.problem}" for each in problems), problems
    )
