"""Waits for a condition, in place of sleeping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

STEP_S = 0.02
# The patience of all tests: it only ends what has failed, and costs nothing when the condition comes. A machine that is
# ten times slower, or that stands still for some seconds in between, must not come near it.
WITHIN_S = 120.0


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
