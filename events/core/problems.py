"""What is wrong with some input, in words."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from events.core.legible import cut


class Problem(NamedTuple):
    """One thing that is wrong with some input: where, and what is allowed there."""

    field: str
    problem: str


def shown(value: object, length: int = 60) -> str:
    """An offending value for an error message: JSON, cut to a readable length."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return cut(text, length)
