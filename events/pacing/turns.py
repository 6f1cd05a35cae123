"""Turns at what only a few may do at once, shared fairly among those who ask, however much each asks for."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Generic, TypeVar

Who = TypeVar("Who")
Ticket = TypeVar("Ticket")

# Threads that wait for the turns of one kind, and of these one user's: a process answers with 64 threads
# (`eventhub.http.handler`), and who asks for something else shall not wait with them.
WAITING, WAITING_OF_ONE = 24, 12


class Turns(Generic[Who, Ticket]):
    """At most `at_once` in all and `of_one` of anybody. Those who wait have theirs one after the other, each once, and
    then from the beginning. Knows nothing of threads or loops; a ticket is what its caller waits for."""

    def __init__(self, at_once: int, of_one: int) -> None:
        self._free = at_once
        self._of_one = of_one
        self._held: Counter[Who] = Counter()
        self._waiting: dict[Who, deque[Ticket]] = {}  # in the order of their turns

    def waiting(self, who: Who) -> tuple[int, int]:
        """Return how many wait for a turn, and how many of these are this one's."""
        return sum(map(len, self._waiting.values())), len(self._waiting.get(who, ()))

    def take(self, who: Who) -> bool:
        """Take a turn if one is free now, and return whether. Those that wait for a turn could not have this one."""
        if not self._free or self._held[who] >= self._of_one:
            return False
        self._free -= 1
        self._held[who] += 1
        return True

    def wait(self, who: Who, ticket: Ticket) -> None:
        self._waiting.setdefault(who, deque()).append(ticket)

    def forget(self, who: Who, ticket: Ticket) -> None:
        """Forget one that waits no longer. Raises ValueError when its turn has come."""
        tickets = self._waiting.get(who, deque())
        tickets.remove(ticket)
        if not tickets:
            del self._waiting[who]

    def give_back(self, who: Who) -> Ticket | None:
        """End a turn; the ticket of the one that begins with that."""
        self._free += 1
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]
        for next_one in self._waiting:
            if self.take(next_one):
                tickets = self._waiting.pop(next_one)
                ticket = tickets.popleft()
                if tickets:
                    self._waiting[next_one] = tickets  # behind the others
                return ticket
        return None


class LoopTurns(Generic[Who]):
    """For the tasks of one event loop."""

    def __init__(self, at_once: int, of_one: int) -> None:
        self._turns: Turns[Who, asyncio.Event] = Turns(at_once, of_one)

    @asynccontextmanager
    async def turn(self, who: Who, within: float | None = None) -> AsyncIterator[None]:
        """Wait for a turn, and hold it for the block. Raises TimeoutError when it has not come within so many
        seconds."""
        if not self._turns.take(who):
            await self._wait(who, within)
        try:
            yield
        finally:
            self._end(who)

    async def _wait(self, who: Who, within: float | None) -> None:
        mine = asyncio.Event()
        self._turns.wait(who, mine)
        try:
            async with asyncio.timeout(within):
                await mine.wait()
        except BaseException:
            if mine.is_set():  # it came in the same moment
                self._end(who)
            else:
                self._turns.forget(who, mine)
            raise

    def _end(self, who: Who) -> None:
        next_one = self._turns.give_back(who)
        if next_one is not None:
            next_one.set()


class ThreadTurns(Generic[Who]):
    """For the threads of one process."""

    def __init__(self, at_once: int, of_one: int) -> None:
        self._turns: Turns[Who, threading.Event] = Turns(at_once, of_one)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, who: Who, within: float) -> Iterator[None]:
        """Wait for a turn, and hold it for the block. Raises TimeoutError when it has not come within so many seconds,
        and at once when too many wait."""
        mine = threading.Event()
        with self._lock:
            if self._turns.take(who):
                mine.set()
            else:
                waiting, of_one = self._turns.waiting(who)
                if waiting >= WAITING or of_one >= WAITING_OF_ONE:
                    raise TimeoutError
                self._turns.wait(who, mine)
        if not mine.wait(within):
            with self._lock:
                if not mine.is_set():  # else it came in the same moment
                    self._turns.forget(who, mine)
                    raise TimeoutError
        try:
            yield
        finally:
            with self._lock:
                next_one = self._turns.give_back(who)
                if next_one is not None:
                    next_one.set()
