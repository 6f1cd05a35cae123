"""What differs between a part of the registry as it is and as it would be, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from events.admin.document.document import CategoryPart, FieldPart, TypePart
from events.models import EventField
from events.models.event_type import audience

VISIBLE_TO = "visible to"
EVERYBODY = audience([], restricted=False)


class Difference(NamedTuple):
    """One thing that would change; `before` and `after` are texts, empty for what is not there."""

    name: str
    before: str
    after: str


def differences(before: CategoryPart | TypePart | None, after: CategoryPart | TypePart) -> list[Difference]:
    found = list(unlike(before, after, ("fields", "allowed_groups", "restricted")))
    if isinstance(after, TypePart):
        found += audience_difference(before if isinstance(before, TypePart) else None, after)
        was = {field.name: field for field in before.fields} if isinstance(before, TypePart) else {}
        will = {field.name: field for field in after.fields}
        for name in [*will, *(name for name in was if name not in will)]:
            found += field_differences(was.get(name), will.get(name))
    return found


def audience_difference(before: TypePart | None, after: TypePart) -> Iterator[Difference]:
    if before is None or (before.restricted, before.allowed_groups) != (after.restricted, after.allowed_groups):
        yield Difference(VISIBLE_TO, describe_audience(before), describe_audience(after))


def describe_audience(part: TypePart | None) -> str:
    return "" if part is None else audience(part.allowed_groups, restricted=bool(part.restricted))


def opens(found: Iterable[Difference]) -> bool:
    """Return whether everybody would see what some alone see now."""
    return any(each.name == VISIBLE_TO and each.before and each.after == EVERYBODY for each in found)


def field_differences(before: FieldPart | None, after: FieldPart | None) -> Iterator[Difference]:
    if before is None or after is None:
        part = before or after
        assert part is not None
        yield Difference(f"field “{part.name}”", describe_field(before), describe_field(after))
        return
    for name, was, will in unlike(before, after, ("options",)):
        yield Difference(f"field “{after.name}”, {name}", was, will)
    if before.options != after.options:
        name = f"field “{after.name}”, options"
        yield Difference(name, describe_options(before), describe_options(after))


def unlike(before: msgspec.Struct | None, after: msgspec.Struct, without: tuple[str, ...]) -> Iterator[Difference]:
    for name in after.__struct_fields__:
        value = getattr(after, name)
        was = None if before is None else getattr(before, name)
        if name not in without and value != was and not (before is None and value in ("", [], None)):
            yield Difference(name.replace("_", " "), "" if before is None else text_of(was), text_of(value))


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(value) or "–"
    return str(value) if value != "" else "–"


def describe_field(field: FieldPart | None) -> str:
    if field is None:
        return ""
    operator = EventField.Operator(field.operator).label
    text = f"{field.label}: {field.type}, “{field.data_key}” {operator}"
    return f"{text}: {describe_options(field)}" if field.options else text


def describe_options(field: FieldPart) -> str:
    named = (f"{each.value} ({each.label})" if each.label else each.value for each in field.options)
    return ", ".join(named) or "–"
