"""What is wrong with some input, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, get_args

import msgspec

from events.core.legible import cut


class Problem(NamedTuple):
    """One thing that is wrong with some input: where, and what is allowed there."""

    field: str
    problem: str


def shown(value: object, length: int = 60) -> str:
    """Return an offending value for an error message: JSON, cut to a readable length."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return cut(text, length)


JSON_WORDS = {"str": "a string", "int": "an integer", "array": "a list", "object": "an object", "datetime": "a time"}


def misfit(error: msgspec.ValidationError, sent: Any, shape: type[msgspec.Struct]) -> Problem:
    """Return what msgspec found in an object that was sent in this shape: which member, its value, what is allowed."""
    text, _, path = str(error).partition(" - at `$")
    place = path.rstrip("`").lstrip(".")
    steps = re.findall(r"([^.\[\]]+)|\[(\d+)\]", place)
    within = f"{place}." if place else ""
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", text, re.DOTALL):
        allowed = members_at(shape, [name for name, _ in steps if name])
        return Problem(f"{within}{match[1]}", f"no such member; allowed: {', '.join(allowed)}")
    if match := re.fullmatch(r"Object missing required field `(.*)`", text):
        return Problem(f"{within}{match[1]}", "it is required")
    value = sent
    for name, index in steps:
        value = value[int(index)] if index else value.get(name) if isinstance(value, dict) else None
    match = re.match(r"Expected `([\w |]+)`", text)
    wanted = " or ".join(JSON_WORDS.get(word, word) for word in match[1].split(" | ")) if match else ""
    return Problem(place, f"{shown(value)} was sent; {f'expected {wanted}' if match else text}")


def members_at(shape: type[msgspec.Struct], names: Iterable[str]) -> list[str]:
    """Return the members that an object may have which stands at such a place in another one."""
    for name in names:
        of_member = next(field.type for field in msgspec.structs.fields(shape) if field.name == name)
        shape = next(each for each in (of_member, *get_args(of_member)) if hasattr(each, "__struct_fields__"))
    tag = shape.__struct_config__.tag_field
    return [*([tag] if tag else ()), *shape.__struct_fields__]


def no_such_type(id: object, allowed: Iterable[str], meant: str = "") -> str:
    """Return what is wrong with an event type that does not exist, or that must seem so; `meant` is a suggestion."""
    return f"there is no event type {shown(id)}{meant}; allowed: {', '.join(allowed) or 'none'}"
