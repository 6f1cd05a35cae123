"""How many examples tests draw: `make test-long` takes all, `make test` a third of them."""

from __future__ import annotations

from tests.settings import LONG


def examples(number: int) -> int:
    return number if LONG else -(-number // 3)
