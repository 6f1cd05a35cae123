"""A position: the place of an event in the log, as clients see it."""

from __future__ import annotations

import re

POSITION = re.compile(r"([0-9a-f]{16})-(0|[1-9][0-9]{0,17})")


def position_id(epoch: str, position: int) -> str:
    """Return the text of a position, which is opaque to clients, and a valid `after`."""
    return f"{epoch}-{position}"


def parse_position(text: str) -> tuple[str, int] | None:
    """Return the epoch and the number of a position; None for any other text."""
    match = POSITION.fullmatch(text)
    return None if match is None else (match[1], int(match[2]))
