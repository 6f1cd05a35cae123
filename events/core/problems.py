"""What is wrong with some input, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from events.core.legible import cut


class Problem(NamedTuple):
    """One thing that is wrong with some input: where, and what is allowed there."""

    field: str
    problem: str


def shown(value: object, length: int = 60) -> str:
    """Return an offending value for an error message: JSON, cut to a readable length."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return cut(text, length)


def no_such_type(id: object, allowed: Iterable[str], meant: str = "") -> str:
    """Return what is wrong with an event type that does not exist, or that must seem so; `meant` is a suggestion."""
    return f"there is no event type {shown(id)}{meant}; allowed: {', '.join(allowed) or 'none'}"
