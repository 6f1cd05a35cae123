"""Text for terminals."""

from __future__ import annotations

from events.legible import legible


def plain(text: str) -> str:
    """The text as a terminal may show it: what an event's data says must not act on it."""
    return legible(text).strip()
