"""Events of a type that has no story, such as one that an admin made: whatever its fields allow."""

from __future__ import annotations

from random import Random
from typing import Any

from events.core.event_types import EventType, Field
from events.core.legible import PLACEHOLDER
from events.simulation.cast import Cast, Story, Told


def story(event_type: EventType, cast: Cast) -> Story:
    while True:
        yield Told(event_type.id, payload(event_type, cast.chance))


def payload(event_type: EventType, chance: Random) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for field in event_type.fields:
        if field.data_key != "severity":
            data.setdefault(field.data_key, member(field, chance))
    for name in PLACEHOLDER.findall(event_type.summary):
        data.setdefault(name, f"{name} {chance.randint(1, 9)}")
    # Each level half as frequent as the one below.
    weights = [0.5**level for level in range(len(event_type.severities))]
    data["severity"] = chance.choices(event_type.severities, weights)[0]
    return data


def member(field: Field, chance: Random) -> str | int:
    if field.is_number:
        return chance.randint(0, 100)
    if field.options:
        return chance.choice(field.options).value
    return f"{field.label.lower()} {chance.randint(1, 9)}"
