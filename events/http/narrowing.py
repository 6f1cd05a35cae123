"""What narrows a list of events beside filters: a text, and values that members of the payload must, or must not, have.

The page has the same rule in narrowing.js.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from events.core.event_types import EventType
from events.core.records import LoggedEvent
from events.core.values import Scalar, json_text, scalars


class Demand(NamedTuple):
    """What a member of the payload, or one value of its list, must be."""

    member: str
    value: Scalar
    is_not: bool = False

    def holds(self, data: Mapping[str, Any]) -> bool:
        return any(same(each, self.value) for each in scalars(data.get(self.member))) is not self.is_not


class Narrowing(NamedTuple):
    text: str  # in small letters
    demands: tuple[Demand, ...]
    types: Mapping[str, EventType]  # of the registry

    def passes(self, event: LoggedEvent, data: Mapping[str, Any]) -> bool:
        return all(demand.holds(data) for demand in self.demands) and self.has_text(event, data)

    def has_text(self, event: LoggedEvent, data: Mapping[str, Any]) -> bool:
        if not self.text:
            return True
        event_type = self.types[event.type]
        words = f"{event_type.label}\n{event_type.summarise(data)}\n{event_type.id}\n{event.data}"
        return self.text in words.lower()


def value_of(text: str) -> Scalar:
    """Return the value that an address has: a plain value of JSON, else the text itself."""
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return value if isinstance(value, str | int | float) else text


def same(one: Scalar, other: Scalar) -> bool:
    """Return whether two values are of one kind and written alike: 1 is neither 1.0 nor true."""
    return type(one) is type(other) and json_text(one) == json_text(other)
