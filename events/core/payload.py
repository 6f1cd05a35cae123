"""A payload as its caller gives it, and as JSON has it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from events.core.limits import LIMITS, is_nested_deeper
from events.core.problems import shown

TOO_DEEP = f"nested deeper than {LIMITS['nesting']} levels"


class NotAPayload(Exception):
    """A payload that is no JSON object; the message says why."""


def as_json(data: object) -> tuple[dict[str, Any], bytes]:
    """Return the payload as JSON has it, and its text. Dates, UUIDs, decimals and dataclasses become what JSON can say.

    Raises NotAPayload.
    """
    if not isinstance(data, Mapping):
        raise NotAPayload(f"{shown(data)} is not a JSON object")
    try:
        text = msgspec.json.encode(data if isinstance(data, dict) else dict(data))
        value = msgspec.json.decode(text)
        if b"null" in text and has_nan(data):  # the encoder writes NaN as null
            raise NotAPayload("NaN and Infinity are not JSON numbers")
    except RecursionError:
        raise NotAPayload(TOO_DEEP) from None
    except (TypeError, ValueError, OverflowError) as error:
        raise NotAPayload(f"cannot be written as JSON: {error}") from error
    if text.count(b"{") + text.count(b"[") > LIMITS["nesting"] and is_nested_deeper(value, LIMITS["nesting"]):
        raise NotAPayload(TOO_DEEP)
    return value, text


def has_nan(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(has_nan, children))
