"""Which story speaks next. To add a story: a module with `TYPES` and `story`, and its name in `STORIES`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from events.core.event_types import EventType, Registry
from events.core.suggestion import did_you_mean
from events.ingest import emittable
from events.simulation import fleet, invention, operations, people
from events.simulation.cast import Cast, Story, Told

STORIES = (fleet, people, operations)


class UnknownCategory(ValueError):
    pass


class Speaker(NamedTuple):
    story: Story
    weight: int  # the number of types it tells of


def parse_mix(text: str) -> dict[str, float]:
    """Return the weights of categories, as `mcp=6,user=3`. Raises ValueError."""
    mix = {}
    for part in text.split(","):
        category, equals, weight = (each.strip() for each in part.partition("="))
        try:
            mix[category] = float(weight)
        except ValueError:
            equals = ""
        if not (category and equals and 0 < mix[category] < 1e9):
            raise ValueError(f"{part.strip()!r} is not category=weight with a weight above 0, as in mcp=6,user=3")
    return mix


def mixed_story(registry: Registry, mix: Mapping[str, float], cast: Cast) -> Iterator[Told]:
    """Yield an endless mixture of events of all types that may be emitted, in categories by these weights; without any,
    each type has the same. Raises UnknownCategory."""
    by_category: dict[str, list[EventType]] = {}
    for id in emittable(registry):
        by_category.setdefault(registry.types[id].category, []).append(registry.types[id])
    for category in mix:
        if category not in by_category:
            meant = did_you_mean(category, by_category)
            allowed = ", ".join(by_category) or "none"
            raise UnknownCategory(f"No events of a category “{category}” can be simulated{meant}; allowed: {allowed}.")
    weights = mix or {category: len(types) for category, types in by_category.items()}
    if not weights:
        raise UnknownCategory("No event type is active and may be emitted from outside.")
    speakers = {category: speakers_of(by_category[category], cast) for category in weights}
    return mixed(speakers, weights, cast)


def mixed(speakers: Mapping[str, list[Speaker]], weights: Mapping[str, float], cast: Cast) -> Iterator[Told]:
    while True:
        category = cast.chance.choices(list(weights), list(weights.values()))[0]
        of_category = speakers[category]
        speaker = cast.chance.choices(of_category, [each.weight for each in of_category])[0]
        yield next(speaker.story)


def speakers_of(types: list[EventType], cast: Cast) -> list[Speaker]:
    ids = {event_type.id for event_type in types}
    speakers = [
        Speaker(only(module.story(cast), told), len(told)) for module in STORIES if (told := ids & module.TYPES)
    ]
    known = frozenset[str]().union(*(module.TYPES for module in STORIES))
    invented = [Speaker(invention.story(event_type, cast), 1) for event_type in types if event_type.id not in known]
    return speakers + invented


def only(story: Story, ids: set[str]) -> Story:
    return (told for told in story if told.event_type in ids)
