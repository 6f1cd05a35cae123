"""The contract as TypeScript: a union of all events that `type` tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from events.contract.naming import remark, type_names
from events.contract.schemas import Schema
from events.core.legible import legible_json

UNION, UNION_ID = "HubEvent", "HubEventType"
HEAD = """// The event types of an eventhub, written by `manage.py export_contract --format typescript`. Do not edit.
// Payloads may have more members than are declared: those are `unknown`.
"""
KINDS = {"string": "string", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(document: Schema) -> str:
    names = type_names(document["$defs"], (UNION, UNION_ID))
    parts = [HEAD]
    for id, schema in document["$defs"].items():
        parts.append(f"/** {remark(schema['title'])} */\nexport type {names[id]} = {text_of(schema)};\n")
    union = " | ".join(names.values()) or "never"
    parts.append(f'export type {UNION} = {union};\nexport type {UNION_ID} = {UNION}["type"];\n')
    return "\n".join(parts)


def text_of(schema: Schema, indent: str = "") -> str:
    """Return the type that a schema of `schemas` stands for."""
    match schema:
        case {"const": value}:
            return literal(value)
        case {"enum": values}:
            return " | ".join(map(literal, values)) or "never"
        case {"anyOf": choices}:
            return " | ".join(dict.fromkeys(text_of(each, indent) for each in choices))
        case {"allOf": parts}:
            return " & ".join(f"({text_of(each, indent)})" for each in parts)
        case {"type": "array", "items": items}:
            return f"({text_of(items, indent)})[]"
        case {"type": "object"}:
            return "\n".join(("{", *members(schema, f"{indent}  "), f"{indent}}}"))
        case {"type": list(kinds)}:
            return " | ".join(KINDS[kind] for kind in kinds)
        case {"type": str(kind)}:
            return KINDS[kind]
    return "unknown"


def members(schema: Schema, indent: str) -> Iterator[str]:
    for name, member in schema["properties"].items():
        mark = "" if name in schema["required"] else "?"
        yield f"{indent}{literal(name)}{mark}: {text_of(member, indent)};"
    if schema.get("additionalProperties"):
        yield f"{indent}[member: string]: unknown;"


def literal(value: Any) -> str:
    """Return a value as JSON, in which nothing changes the direction of the code around it."""
    return legible_json(msgspec.json.encode(value).decode())
