"""The contract as Python: a TypedDict for each event type, and their union."""

from __future__ import annotations

from keyword import iskeyword
from typing import Any

from events.contract.naming import remark, type_names
from events.contract.schemas import Schema

UNION = "HubEvent"
RESERVED = (UNION, "Any", "Literal", "NotRequired", "TypedDict", "None", "True", "False")
HEAD = '''"""The event types of an eventhub, written by `manage.py export_contract --format python`. Do not edit.

Payloads may have more members than are declared here, which a TypedDict cannot say.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
KINDS = {"string": "str", "number": "float", "boolean": "bool", "null": "None"}


def python(document: Schema) -> str:
    definitions = document["$defs"]
    names = type_names(definitions, RESERVED)
    payloads = type_names((f"{id}_data" for id in definitions), (*RESERVED, *names.values()))
    parts = [HEAD]
    for id, schema in definitions.items():
        payload = payloads[f"{id}_data"]
        parts.append(typed_dict(payload, schema["properties"]["data"]))
        parts.append(event_class(names[id], payload, schema))
    parts.append(f"{UNION} = {' | '.join(names.values()) or 'Any'}\n")
    return "\n\n".join(parts)


def typed_dict(name: str, schema: Schema) -> str:
    """Return the TypedDict of a payload, whose members may have any name."""
    members = {
        member: text_of(told) if member in schema["required"] else f"NotRequired[{text_of(told)}]"
        for member, told in schema["properties"].items()
    }
    if all(member.isidentifier() and not iskeyword(member) for member in members):
        lines = (f"    {member}: {told}\n" for member, told in members.items())
        return f"class {name}(TypedDict):\n{''.join(lines)}"
    lines = (f"        {member!r}: {told},\n" for member, told in members.items())
    return f'{name} = TypedDict(\n    "{name}",\n    {{\n{"".join(lines)}    }},\n)\n'


def event_class(name: str, payload: str, schema: Schema) -> str:
    told = {member: text_of(each) for member, each in schema["properties"].items()} | {"data": payload}
    lines = "".join(f"    {member}: {each}\n" for member, each in told.items())
    return f"# {remark(schema['title'])}\nclass {name}(TypedDict):\n{lines}"


def text_of(schema: Schema) -> str:
    """Return the type that a schema of `schemas` stands for."""
    match schema:
        case {"const": value}:
            return literal([value])
        case {"enum": values}:
            return literal(values)
        case {"anyOf": choices}:
            return " | ".join(dict.fromkeys(text_of(each) for each in choices))
        case {"allOf": parts}:  # Python has no intersections: what one of them says holds, too
            return text_of(parts[0])
        case {"type": "array", "items": items}:
            return f"list[{text_of(items)}]"
        case {"type": list(kinds)}:
            return " | ".join(KINDS[kind] for kind in kinds)
        case {"type": "string"}:
            return "str"
        case {"type": str(kind)} if kind in KINDS:
            return KINDS[kind]
    return "Any"


def literal(values: list[Any]) -> str:
    """Return the type of these values. A number with a fraction cannot stand in a Literal."""
    listed = [repr(value) for value in values if not isinstance(value, float)]
    kinds = [f"Literal[{', '.join(listed)}]"] if listed else []
    return " | ".join([*kinds, "float"] if len(listed) < len(values) else kinds)
