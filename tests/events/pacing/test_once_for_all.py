"""Who waits for work that serves all does not have it done once more than needed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from events.pacing.once_for_all import OnceForAll
from tests.waiting import eventually


def test_those_who_come_while_it_is_done_share_the_next_time() -> None:
    begun, may_end = threading.Event(), threading.Event()
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        begun.set()
        assert may_end.wait(60)

    asked: list[int] = []

    def ask() -> None:
        asked.append(1)
        once()

    once = OnceForAll(act)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(ask)
        assert begun.wait(60)
        others = [threads.submit(ask) for _ in range(5)]
        eventually(lambda: len(asked) == 6)
        assert calls == [1], "in one thread at a time"
        may_end.set()
        for each in (first, *others):
            each.result(60)
    assert 2 <= len(calls) < 6
    once()
    assert len(calls) >= 3, "what ended before the call does not count"


def test_a_failure_is_told_to_the_one_who_met_it_and_the_next_tries_again() -> None:
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("the first time")

    once = OnceForAll(act)
    with pytest.raises(RuntimeError, match="the first time"):
        once()
    once()
    assert len(calls) == 2
