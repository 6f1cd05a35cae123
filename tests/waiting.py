"""Waits for a condition, in place of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP_S = 0.02
WITHIN_S = 60.0  # it only ends what has failed: whoever promises a time tells it where it is promised


def eventually(condition: Callable[[], T | None], within: float = WITHIN_S) -> T:
    """Return the first true answer of `condition`; fail when there is none within that many seconds."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {condition!r}"
        time.sleep(STEP_S)
    return answer


async def aeventually(condition: Callable[[], T | None], within: float = WITHIN_S) -> T:
    """`eventually` for a test whose event loop must go on meanwhile."""
    deadline = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within} s: {condition!r}"
        await asyncio.sleep(STEP_S)
    return answer
