"""Turns for what takes long: who asks for much waits, and keeps nobody else out."""

from __future__ import annotations

import asyncio
import threading

import pytest

from events.http import responses
from events.http.problem_details import HttpProblem
from events.pacing.turns import WAITING, WAITING_OF_ONE, LoopTurns, ThreadTurns, Turns
from tests.waiting import WITHIN_S, aeventually


def test_whoever_asks_for_much_has_a_part_of_the_turns() -> None:
    turns: Turns[str, int] = Turns(at_once=4, of_one=2)
    assert [turns.take("hog") for _ in range(3)] == [True, True, False]
    assert [turns.take("other") for _ in range(3)] == [True, True, False]
    assert not turns.take("third")


def test_those_who_wait_have_their_turns_one_after_the_other() -> None:
    turns: Turns[str, str] = Turns(at_once=1, of_one=1)
    assert turns.take("hog")
    for number in range(3):
        turns.wait("hog", f"hog {number}")
    turns.wait("other", "other 0")
    turns.wait("third", "third 0")
    order = [turns.give_back("hog"), turns.give_back("hog"), turns.give_back("other"), turns.give_back("third")]
    assert order == ["hog 0", "other 0", "third 0", "hog 1"]


def test_a_turn_that_nobody_waits_for_any_longer_goes_to_the_next() -> None:
    turns: Turns[str, str] = Turns(at_once=1, of_one=1)
    turns.take("hog")
    turns.wait("left", "gone")
    turns.wait("other", "other")
    turns.forget("left", "gone")
    assert turns.give_back("hog") == "other"
    assert turns.give_back("other") is None
    assert turns.take("anybody")


async def test_a_task_that_is_cancelled_or_waits_too_long_leaves_its_turn_to_others() -> None:
    turns: LoopTurns[str] = LoopTurns(1, 1)

    async def use() -> None:
        async with turns.turn("other"):
            pass

    async with turns.turn("hog"):
        with pytest.raises(TimeoutError):
            async with turns.turn("late", within=0):
                pass
        cancelled, waiting = asyncio.create_task(use()), asyncio.create_task(use())
        await asyncio.sleep(0)
        cancelled.cancel()
    await asyncio.wait_for(waiting, WITHIN_S)
    with pytest.raises(asyncio.CancelledError):
        await cancelled


async def test_a_task_that_is_cancelled_as_its_turn_comes_passes_it_on() -> None:
    turns: LoopTurns[str] = LoopTurns(1, 1)

    async def use() -> None:
        async with turns.turn("other"):
            await asyncio.sleep(60)

    async with turns.turn("hog"):
        cancelled = asyncio.create_task(use())
        await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    async with turns.turn("third", within=0):
        pass


async def test_the_threads_of_one_user_leave_the_others_their_turn() -> None:
    turns: ThreadTurns[str] = ThreadTurns(2, 1)
    holding, over = threading.Event(), threading.Event()
    begun: list[str] = []

    def hold() -> None:
        with turns.turn("hog", WITHIN_S):
            holding.set()
            over.wait(WITHIN_S)

    def wait() -> None:
        with turns.turn("hog", WITHIN_S):
            begun.append("hog")

    first = asyncio.create_task(asyncio.to_thread(hold))
    await asyncio.to_thread(holding.wait, WITHIN_S)
    more = [asyncio.create_task(asyncio.to_thread(wait)) for _ in range(3)]
    with turns.turn("other", 0):
        begun.append("other")
    with pytest.raises(TimeoutError), turns.turn("hog", 0):
        pass
    assert begun == ["other"]
    over.set()
    await asyncio.gather(first, *more)
    with turns.turn("hog", 0), turns.turn("other", 0):
        pass


async def test_who_asks_for_too_much_at_once_is_refused_at_once_and_keeps_no_thread_waiting() -> None:
    turns: ThreadTurns[str] = ThreadTurns(2, 1)

    def use(who: str) -> None:
        with turns.turn(who, WITHIN_S):
            pass

    with turns.turn("hog", 0), turns.turn("other", 0):
        threads = [threading.Thread(target=use, args=["hog"]) for _ in range(WAITING_OF_ONE)]
        threads += [threading.Thread(target=use, args=[f"user {n}"]) for n in range(WAITING - WAITING_OF_ONE)]
        for each in threads[:WAITING_OF_ONE]:
            each.start()
        await aeventually(lambda: turns._turns.waiting("hog")[1] == WAITING_OF_ONE)
        with pytest.raises(TimeoutError), turns.turn("hog", WITHIN_S):
            pass
        for each in threads[WAITING_OF_ONE:]:
            each.start()
        await aeventually(lambda: turns._turns.waiting("hog")[0] == WAITING)
        with pytest.raises(TimeoutError), turns.turn("late", WITHIN_S):
            pass
    for each in threads:
        each.join(WITHIN_S)
    with turns.turn("hog", 0), turns.turn("late", 0):
        pass


def test_a_search_that_has_no_turn_is_put_off_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go: list[bool] = []
    monkeypatch.setattr(responses, "SEARCH_WAIT", 0)
    monkeypatch.setattr(responses, "let_go_of_database", lambda: let_go.append(True))
    with responses.search_turn(1):
        assert not let_go
    with responses.search_turn(1), pytest.raises(HttpProblem, match="Too many searches"), responses.search_turn(1):
        pass
    with responses.search_turn(1):
        assert let_go == [True]  # by who waited, so that a pool of connections has it meanwhile
