"""Payload members written as `name=value`, typed as the registry declares them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from events.broadcast import InvalidData
from events.core.event_types import EventType
from events.core.filters import as_number
from events.core.legible import PLACEHOLDER
from events.core.problems import Problem, shown
from events.core.suggestion import is_slip
from events.core.values import Scalar

WORDS: Mapping[str, Scalar | None] = {"true": True, "false": False, "null": None}
EXACT = 2**53  # beyond it JSON readers round integers, so that such a number is rather an identifier
SHORT = 5  # letters; shorter names differ by one easily, and rightly


def members(event_type: EventType, written: Iterable[str]) -> dict[str, Any]:
    """Return the payload that `name=value` arguments stand for. A name given repeatedly makes a list.

    A member that the type declares has the type of its field: numbers of a `number` field, else text. Any other becomes
    true, false, null or a number if it reads exactly like one in JSON, and is text otherwise or when written in
    double quotes. Raises InvalidData.
    """
    values: dict[str, list[Any]] = {}
    problems = []
    for argument in written:
        name, equals, text = argument.partition("=")
        if not name or not equals:
            problems.append(Problem(shown(argument), "write it as name=value"))
        elif problem := unlikely(name, event_type):
            problems.append(Problem(name, problem))
        else:
            try:
                values.setdefault(name, []).append(typed(event_type, name, text))
            except ValueError as error:
                problems.append(Problem(name, str(error)))
    if problems:
        raise InvalidData(problems)
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


def typed(event_type: EventType, name: str, text: str) -> Any:
    fields = [field for field in event_type.fields if field.data_key == name]
    if any(field.is_number for field in fields):
        number = as_number(text)
        if number is None:
            raise ValueError(f"{shown(text)} is not a number")
        return number
    return text if fields else json_scalar(text)


def json_scalar(text: str) -> Any:
    """Return what an undeclared member's text stands for: only what JSON would write in just this way is not text."""
    if text in WORDS:
        return WORDS[text]
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and abs(value) <= EXACT and json.dumps(value) == text:
        return value
    return text


def known_members(event_type: EventType) -> list[str]:
    """Return the members that the registry tells of, as fields or in the summary."""
    of_fields = [field.data_key for field in event_type.fields]
    return list(dict.fromkeys([*of_fields, *PLACEHOLDER.findall(event_type.summary), "severity"]))


def unlikely(name: str, event_type: EventType) -> str | None:
    """Return why a name that nothing declares is probably a mistake, or None: payloads may have members of their
    own."""
    known = known_members(event_type)
    if name in known:
        return None
    allowed = f"the members of {event_type.id} are {', '.join(known)}"
    if field := event_type.field(name):
        return f"this is the name of a filter, which reads {field.data_key}; {allowed}"
    meant = next((each for each in known if len(each) >= SHORT and is_slip(name, each)), None)
    if meant:
        return f"no such member (did you mean “{meant}”?); {allowed}; to send it all the same, use --data"
    return None
