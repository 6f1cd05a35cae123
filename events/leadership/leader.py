"""What every process does while it leads: it renews its lease, runs its loops, and asks the database patiently."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.db import Error as DatabaseError  # InterfaceError too, if the connection is gone

from events.leadership.lease import Lease

logger = logging.getLogger(__name__)

T = TypeVar("T")
InDatabase = Callable[..., Awaitable[Any]]

AFTER_FAILURE_S = 1.0  # until a database that was away is asked again


class Leader(ABC):
    lease: ClassVar[type[Lease]]
    meanwhile: ClassVar[str]  # what happens while the database cannot be asked, for the log

    def __init__(self, epoch: int, in_database: InDatabase, ttl: timedelta, renewal_s: float) -> None:
        self.epoch = epoch
        self._in_database = in_database
        self._ttl = ttl
        self._renewal_s = renewal_s
        self._recording: asyncio.Task[None] | None = None

    async def lead(self, stopping: asyncio.Event) -> None:
        """Lead until told to stop. Raises LeaseLost."""
        tasks = [asyncio.create_task(each) for each in (self._renew(), *self.loops(), stopping.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.stop()
            if self._recording is not None:
                await asyncio.gather(self._recording, return_exceptions=True)
        await self.record_rest()

    @abstractmethod
    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """Return what runs until the term ends. None of them returns."""

    @abstractmethod
    async def stop(self) -> None:
        """End what the loops have begun."""

    @abstractmethod
    async def record_rest(self) -> None:
        """Record what has been seen and not been recorded yet. Not called if the term ends by an error."""

    async def _record_whole(self, recording: Coroutine[Any, Any, None]) -> None:
        """Record to the end, also if the term ends meanwhile: what is being recorded was taken from what is left for
        `record_rest`."""
        self._recording = asyncio.create_task(recording)
        await asyncio.shield(self._recording)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._renewal_s)
            await self._ask(self.lease.renew, self.epoch, self._ttl)

    async def _ask(self, question: Callable[..., T], *arguments: object) -> T | None:
        """Ask the database. While it is away, return None and log a line."""
        try:
            answer: T = await self._in_database(question, *arguments)
        except DatabaseError as error:
            logger.warning("The database cannot be asked; %s: %s", self.meanwhile, error)
            await asyncio.sleep(AFTER_FAILURE_S)
            return None
        return answer
