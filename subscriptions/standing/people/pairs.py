"""Which events begin something and which end it: a field that has both words of a pair among its options says so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from events.core.event_types import EventType, folded

# What begins, and what ends it.
PAIRS = (
    ("open", "closed"),
    ("inactive", "active"),
    ("down", "up"),
    ("unhealthy", "healthy"),
    ("firing", "resolved"),
)
FORMER = "old_"  # how a member begins that says how it was before


def begins(event_type: EventType, data: Mapping[str, Any]) -> bool | None:
    """Say whether an event begins something (True) or ends it (False); None for neither, such as a state between."""
    member, words = pair_of(event_type)
    value = data.get(member)
    return words.get(folded(value)) if isinstance(value, str) else None


@lru_cache(maxsize=1_024)
def _pair_of(fields: tuple[tuple[str, frozenset[str]], ...]) -> tuple[str, dict[str, bool]]:
    for member, options in fields:
        for begin, end in PAIRS:
            if {begin, end} <= options and not member.startswith(FORMER):
                return member, {begin: True, end: False}
    return "", {}


def pair_of(event_type: EventType) -> tuple[str, dict[str, bool]]:
    """Return the member that tells, and which of its values begins and ends; an empty name if the type has none."""
    return _pair_of(tuple((each.data_key, each.folded_options or frozenset()) for each in event_type.fields))
