"""Something that many share: the first who holds it starts it, the last one stops it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod


class CannotStart(Exception):
    """The log cannot be read, so nothing could be delivered."""


class Lifetime(ABC):
    def __init__(self) -> None:
        self._holders = 0
        self.runs = False
        self._changing = asyncio.Lock()
        self._failures = 0
        self._failure = CannotStart()

    async def __aenter__(self) -> None:
        """Hold it until the block ends. Raises CannotStart, to all at once who have waited for the same start."""
        if self.runs and not self._changing.locked():
            self._holders += 1  # as below, but that nobody is to wait for
            return
        failures = self._failures
        async with self._changing:
            if not self.runs:
                if failures != self._failures:
                    raise self._failure
                await self._start_or_fail()
                self.runs = True
            self._holders += 1

    async def __aexit__(self, *_: object) -> None:
        self._holders -= 1  # also for who is cancelled while it waits for the lock
        async with self._changing:
            if self._holders == 0 and self.runs:
                self.runs = False
                await self._stop()

    async def _start_or_fail(self) -> None:
        try:
            await self._start()
        except CannotStart as failure:
            self._failures += 1
            self._failure = failure
            raise

    @abstractmethod
    async def _start(self) -> None:
        """Start it. Raises CannotStart."""

    @abstractmethod
    async def _stop(self) -> None: ...
