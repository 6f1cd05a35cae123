"""Values of payloads: which of them are compared, and as which text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

import msgspec

Scalar = str | int | float | bool


def json_text(value: Scalar) -> str:
    """Return the text by which a value is compared that is not a `number` field's: strings as they are, others as
    JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def scalars(member: object) -> Iterator[Scalar]:
    """Yield the comparable values of a payload member: itself, or each scalar of a list; none when it is null or an
    object."""
    for value in member if isinstance(member, list) else (member,):
        if isinstance(value, str | int | float):  # bool is an int
            yield value


def timestamp_text(timestamp: datetime) -> str:
    """Return ISO 8601 in UTC, to the millisecond, as every message and answer has it; the timestamp must be in UTC."""
    return timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_number(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
