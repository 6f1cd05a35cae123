"""The event types as JSON Schema 2020-12: the pivot from which all other forms of the contract are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from events.core.event_types import SEVERITIES, EventType, Field, Registry
from events.core.values import json_text

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SEVERITY = "severity"
CHECKED = "reject"  # only then does the server keep payloads that do not fit out of the log
PLAIN: list[Schema] = [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]
ID = {"type": "string", "description": "The event's position in the log. Do not take it apart."}
TIMESTAMP = {"type": "string", "format": "date-time"}


def document_of(registry: Registry, visible: Iterable[str], *, private: bool) -> Schema:
    """Return one schema that every event of these types fits, each type under its id in `$defs`. With `private`, also
    the options that only who is signed in may see."""
    definitions = {id: event_schema(registry.types[id], private=private) for id in visible}
    schema: Schema = {
        "$schema": DIALECT,
        "title": "Events of this eventhub",
        "description": "An event as clients get it. Payloads may have more members than are declared here.",
        "$defs": definitions,
    }
    # `oneOf` of nothing is no schema. Who sees no event type gets no event.
    any_of_them: Schema = {"oneOf": [{"$ref": f"#/$defs/{id}"} for id in definitions]}
    return schema | (any_of_them if definitions else {"not": {}})


def event_schema(event_type: EventType, *, private: bool) -> Schema:
    """Return what each event of a type fits."""
    properties: Schema = {"type": {"const": event_type.id}, "timestamp": TIMESTAMP}
    if not event_type.ephemeral:  # such events are not logged, and have no place
        properties["id"] = ID
    properties["data"] = data_schema(event_type, private=private)
    schema: Schema = {"type": "object", "title": event_type.label}
    if event_type.description:
        schema["description"] = event_type.description
    return schema | {"properties": properties, "required": list(properties), "x-filters": filters_of(event_type)}


def data_schema(event_type: EventType, *, private: bool) -> Schema:
    """Return what the payload of each event fits. The members of a type whose payloads are not checked, or are only
    warned of, may be anything."""
    found: dict[str, list[Schema]] = {}
    for field in event_type.fields:
        if field.data_key != SEVERITY:
            checked = event_type.payload_check == CHECKED
            told = member_schema(field, private=private) if checked else {}
            schemas = found.setdefault(field.data_key, [])
            if told not in schemas:
                schemas.append(told)
    labels = {field.data_key: field.label for field in reversed(event_type.fields)}
    levels = {"enum": list(event_type.severities or SEVERITIES), "title": "Severity"}
    members = {SEVERITY: levels} | {
        name: {"title": labels[name], **(schemas[0] if len(schemas) == 1 else {"allOf": schemas})}
        for name, schemas in found.items()
    }
    return {"type": "object", "properties": members, "required": [SEVERITY], "additionalProperties": True}


def member_schema(field: Field, *, private: bool) -> Schema:
    """Return what a member fits that is checked: it may be missing, or null, or a list of plain values."""
    if field.is_number:
        return {"type": ["number", "null"]}
    if not field.is_static or (field.private and not private):
        return {"anyOf": [*PLAIN, {"type": "array", "items": {"anyOf": PLAIN}}, {"type": "null"}]}
    listed = {"enum": [value for option in field.options for value in written(option.value)]}
    return {"anyOf": [listed, {"type": "array", "items": listed}, {"type": "null"}]}


def written(option: str) -> list[Any]:
    """Return the values of a payload that are this option: they are compared as JSON writes them, 5 as "5"."""
    try:
        value = msgspec.json.decode(option)
    except (msgspec.DecodeError, RecursionError):
        return [option]
    return [option, value] if isinstance(value, int | float) and json_text(value) == option else [option]


def filters_of(event_type: EventType) -> dict[str, Mapping[str, str]]:
    """Return what subscriptions may filter by: name, operator and member of each filter."""
    return {field.name: {"operator": field.operator, "member": field.data_key} for field in event_type.fields}
