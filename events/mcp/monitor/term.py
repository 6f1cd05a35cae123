"""The monitor: one of any number of processes, of which one leads and the others wait to take over."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseError  # InterfaceError too, if the connection is gone
from django.db import connection

from events.mcp.models import LeaseLost, MonitorLease
from events.mcp.models.lease import TTL
from events.mcp.monitor.leader import Leader, Pace
from events.measuring.keeper import keep_regularly
from events.upkeep.heartbeat import beat_regularly

logger = logging.getLogger(__name__)

STANDBY_S = 2.0  # between two tries to take the lease: with its TTL, another leads 17 s after a leader was killed


class Monitor:
    def __init__(self, pace: Pace = Pace(), ttl: timedelta = TTL, standby_s: float = STANDBY_S) -> None:  # noqa: B008
        self.pace = pace
        self.ttl = ttl
        self.standby_s = standby_s
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.stopping = asyncio.Event()
        self._waits = False  # for another that leads, of which the log is told once
        # One thread, hence one connection; the loop itself never waits for the database.
        self._database = ThreadPoolExecutor(1, thread_name_prefix="eventhub-monitor")

    async def run(self) -> None:
        """Lead, or wait to lead, until `stopping` is set."""
        watching = [
            asyncio.create_task(keep_regularly("monitor", dict)),
            asyncio.create_task(beat_regularly("monitor", dict)),
        ]
        try:
            while not self.stopping.is_set():
                epoch = await self._take()
                if epoch is None:
                    await self._pause()
                else:
                    await self._lead(epoch)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            await self.in_database(lambda: connection.close())  # the one of that thread
            self._database.shutdown()

    async def _lead(self, epoch: int) -> None:
        logger.info("This monitor leads (%s, epoch %d).", self.holder, epoch)
        try:
            await Leader(epoch, self.in_database, self.pace, self.ttl).lead(self.stopping)
            await self.in_database(MonitorLease.give_back, epoch)
        except LeaseLost:
            logger.warning("Another monitor has taken the lease; what this one had not recorded is dropped.")
        except DatabaseError as error:
            logger.warning("The lease could not be given back; it expires by itself: %s", error)
        except Exception:  # a bug; without a monitor nobody would notice what becomes of the servers
            logger.exception("Leading ended by an error; the next monitor to take the lease goes on.")
            await self._pause()

    async def _take(self) -> int | None:
        try:
            taken: int | None = await self.in_database(MonitorLease.take, self.holder, self.ttl)
        except DatabaseError as error:
            logger.warning("The lease cannot be asked for: %s", error)
            return None
        if taken is None and not self._waits:
            logger.info("Another monitor leads; this one takes over when it is not heard of any more.")
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
