"""What a new contract takes away from those who rely on an old one: readers of events, subscribers, emitters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from events.contract.schemas import Schema

ANYTHING = "anything"


class NotAContract(ValueError):
    """The document is no contract of ours; the message says so."""


def read_contract(text: bytes) -> Schema:
    """Return a document that `schemas.document_of` has made. Raises NotAContract."""
    try:
        document = msgspec.json.decode(text)
        for id, schema in document["$defs"].items():
            members_of(schema)
            _ = schema["x-filters"].items(), id
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAContract("it is not what export_contract --format jsonschema writes") from None
    return dict(document)


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """Yield a sentence for each thing that is no longer as it was."""
    for id, before in old["$defs"].items():
        after = new["$defs"].get(id)
        if after is None:
            yield f"{id}: the event type is gone."
            continue
        if "id" in before["properties"] and "id" not in after["properties"]:
            yield f"{id}: events are no longer logged, and have no id."
        for member, schema in members_of(before).items():
            yield from breaks_of_member(f"{id}: the member “{member}”", schema, members_of(after).get(member))
        for name, asked in before["x-filters"].items():
            yield from breaks_of_filter(f"{id}: the filter “{name}”", asked, after["x-filters"].get(name))


def additions(old: Schema, new: Schema) -> Iterator[str]:
    """Yield a sentence for each event type, member and filter that there was not before."""
    for id, after in new["$defs"].items():
        before = old["$defs"].get(id)
        if before is None:
            yield f"{id}: the event type is new."
            continue
        for member in members_of(after):
            if member not in members_of(before):
                yield f"{id}: the member “{member}” is new."
        for name in after["x-filters"]:
            if name not in before["x-filters"]:
                yield f"{id}: the filter “{name}” is new."


def breaks_of_member(what: str, old: Schema, new: Schema | None) -> Iterator[str]:
    if new is None:
        yield f"{what} is no longer declared."
        return
    before, after = values_of(old), values_of(new)
    if isinstance(before, str) or isinstance(after, str):
        if before != after:
            yield f"{what} was {told(before)}, and is {told(after)} now."
        return
    gone = [value for value in before if value not in after]
    if gone:
        yield f"{what} can no longer be {told(gone)}; left are: {told(after)}."


def breaks_of_filter(what: str, old: dict[str, str], new: dict[str, str] | None) -> Iterator[str]:
    if new is None:
        yield f"{what} is gone."
    elif old != new:
        was, now = (f"{each['operator']} of {each['member']}" for each in (old, new))
        yield f"{what} was {was}, and is {now} now."


def members_of(schema: Schema) -> Schema:
    members: Schema = schema["properties"]["data"]["properties"]
    return members


def values_of(schema: Schema) -> list[Any] | str:
    """Return the values that are listed for a member; else in a word what it may be."""
    match schema:
        case {"enum": list(values)} | {"anyOf": [{"enum": list(values)}, *_]}:
            return values
        case {"allOf": [first, *_]}:
            return values_of(first)
        case {"type": ["number", *_]}:
            return "a number"
        case {"anyOf": _}:
            return "plain values"
    return ANYTHING


def told(values: list[Any] | str) -> str:
    return values if isinstance(values, str) else ", ".join(msgspec.json.encode(value).decode() for value in values)
