"""A process of which any number may run: one leads, and the others wait to take over."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

from django.db import Error as DatabaseError  # InterfaceError too, if the connection is gone
from django.db import connection

from events.leadership.lease import TTL, Lease, LeaseLost

logger = logging.getLogger(__name__)

STANDBY_S = 2.0  # between two tries to take the lease: with its TTL, another leads 17 s after a leader was killed


class Term(ABC):
    what: ClassVar[str]  # what such a process is called in the log
    lease: ClassVar[type[Lease]]

    def __init__(self, ttl: timedelta = TTL, standby_s: float = STANDBY_S) -> None:
        self.ttl = ttl
        self.standby_s = standby_s
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.stopping = asyncio.Event()
        self._waits = False  # for another that leads, of which the log is told once
        # One thread, hence one connection; the loop itself never waits for the database.
        self._database = ThreadPoolExecutor(1, thread_name_prefix=f"eventhub-{self.what}")

    @abstractmethod
    async def lead(self, epoch: int, stopping: asyncio.Event) -> None:
        """Lead until told to stop. Raises LeaseLost."""

    async def run(self) -> None:
        """Lead, or wait to lead, until `stopping` is set."""
        try:
            while not self.stopping.is_set():
                epoch = await self._take()
                if epoch is None:
                    await self._pause()
                else:
                    await self._lead(epoch)
        finally:
            await self.in_database(lambda: connection.close())  # the one of that thread
            self._database.shutdown()

    async def _lead(self, epoch: int) -> None:
        logger.info("This %s leads (%s, epoch %d).", self.what, self.holder, epoch)
        try:
            await self.lead(epoch, self.stopping)
            await self.in_database(self.lease.give_back, epoch)
        except LeaseLost:
            logger.warning("Another %s has taken the lease; what this one had not recorded is dropped.", self.what)
        except DatabaseError as error:
            logger.warning("The lease could not be given back; it expires by itself: %s", error)
        except Exception:  # a bug; nobody would notice what this process should do
            logger.exception("Leading ended by an error; the next %s to take the lease goes on.", self.what)
            await self._pause()

    async def _take(self) -> int | None:
        try:
            taken: int | None = await self.in_database(self.lease.take, self.holder, self.ttl)
        except DatabaseError as error:
            logger.warning("The lease cannot be asked for: %s", error)
            return None
        if taken is None and not self._waits:
            logger.info("Another %s leads; this one takes over when it is not heard of any more.", self.what)
        self._waits = taken is None
        return taken

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), self.standby_s)

    async def in_database(self, question: Callable[..., Any], *arguments: object) -> Any:
        def ask() -> Any:
            try:
                return question(*arguments)
            except DatabaseError:
                connection.close()  # it may be broken; the next question opens another
                raise

        return await asyncio.get_running_loop().run_in_executor(self._database, ask)
