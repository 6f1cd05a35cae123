"""A server's tools and instructions in canonical form: order and spelling make no difference in it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

FORM = 1  # of the canonical JSON; fingerprints of two forms say nothing of each other
PARTS = ("title", "description", "inputSchema", "outputSchema", "annotations")
NAME_MAX = 200  # characters kept of a tool's name

# Of these the hash is kept, and not the text, which nobody could read.
MAX_PART_BYTES = 64 * 1024  # the longest of a tool seen has some 10 kB
MAX_KEPT_BYTES = 1024 * 1024  # of all parts of all tools of a server together
MAX_DEPTH = 64  # levels of a schema
# Lists in schemas that are sets: some servers write them in another order after each start.
SETS = ("required", "enum", "type")
LONG_BYTES = 256 * 1024  # lists from this size on are put in order beside the loop, which others wait for


class TooDeep(Exception):
    """A part that is nested deeper than anybody reads."""


class Tool(msgspec.Struct, frozen=True, omit_defaults=True):
    """`parts` as they are; of those that are too large or too deep, `hashes`."""

    parts: dict[str, Any] = {}
    hashes: dict[str, str] = {}

    @property
    def names(self) -> set[str]:
        return {*self.parts, *self.hashes}

    def same(self, other: Tool, part: str) -> bool:
        mine, others = self.parts.get(part), other.parts.get(part)
        return mine == others and self.hashes.get(part) == other.hashes.get(part)


class Definitions(msgspec.Struct, frozen=True):
    form: int = FORM
    instructions: Tool = Tool()  # one part, of that name
    tools: dict[str, Tool] = {}


class Listed(NamedTuple):
    """The tools of a server as they are compared and kept."""

    fingerprint: str
    text: bytes  # canonical JSON of Definitions


def listed(tools: Sequence[Any], instructions: object, hide: Iterable[bytes] = ()) -> Listed:
    """Return a whole list of tools in canonical form, with its SHA-256; `hide` are texts that must not be kept."""
    room = Room(MAX_KEPT_BYTES)
    told = {"instructions": instructions} if isinstance(instructions, str) and instructions else {}
    of_server = kept(told, ("instructions",), room)
    named: dict[str, Tool] = {}
    for tool in sorted((each for each in tools if isinstance(each, dict)), key=place):
        name = unused(clean(str(tool.get("name", "")))[:NAME_MAX], named)
        named[name] = kept(tool, PARTS, room)
    text = msgspec.json.encode(Definitions(instructions=of_server, tools=named), order="deterministic")
    for secret in hide:
        text = text.replace(secret, b"***")
    return Listed(hashlib.sha256(text).hexdigest(), text)


def read(text: bytes) -> Definitions:
    """Return what `listed` wrote; of no text, no tools."""
    return msgspec.json.decode(text, type=Definitions) if text else Definitions()


class Room:
    """How many bytes may still be kept."""

    def __init__(self, left: int) -> None:
        self.left = left


def kept(told: dict[str, Any], names: Sequence[str], room: Room) -> Tool:
    parts: dict[str, Any] = {}
    hashes: dict[str, str] = {}
    for name in names:
        if told.get(name) is None:
            continue
        text = encoded(told[name])
        if text is not None and len(text) <= min(MAX_PART_BYTES, room.left):
            room.left -= len(text)
            parts[name] = msgspec.Raw(text)
        else:
            hashes[name] = hashlib.sha256(text if text is not None else as_it_came(told[name])).hexdigest()
    return Tool(parts, hashes)


def encoded(value: Any) -> bytes | None:
    """Return the canonical JSON; None if it is nested too deep."""
    try:
        return msgspec.json.encode(canonical(value), order="deterministic")
    except TooDeep:
        return None


def as_it_came(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value, order="deterministic")
    except (ValueError, RecursionError):  # half surrogates, or deeper than even this
        return b"?"


def canonical(value: Any, depth: int = 0, name: str = "") -> Any:
    """Return the value as one of all its spellings. Raises TooDeep."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if depth >= MAX_DEPTH:
        raise TooDeep
    if isinstance(value, dict):
        return {clean(key): canonical(each, depth + 1, key) for key, each in value.items()}
    if isinstance(value, list):
        each = [canonical(each, depth + 1) for each in value]
        return sorted(each) if name in SETS and all(isinstance(one, str) for one in each) else each
    return value


def clean(text: str) -> str:
    """Return the text without half surrogates, which no database takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def place(tool: dict[str, Any]) -> tuple[str, str]:
    """Return where a tool stands: by its name; those of one name by what they are."""
    return str(tool.get("name", "")), str(tool.get("description", ""))


def unused(name: str, taken: dict[str, Tool]) -> str:
    """Return the name, or, if another tool of the list has it, one with a number."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
