"""What a monitor does while it leads: checks what is due, records what it sees, and follows what admins change."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import httpx
from django.conf import settings
from django.db import Error as DatabaseError  # InterfaceError too, if the connection is gone
from django.db import transaction

from events.broadcast import Broadcast
from events.leadership.leader import InDatabase, Leader
from events.mcp import announcement, checking, fleet
from events.mcp.breaker import DisabledBy, Feeds, deep_check_due
from events.mcp.fleet import Result
from events.mcp.mirror.mirror import Mirror
from events.mcp.models import MonitorLease, Origins
from events.mcp.monitor.canary import Canary
from events.mcp.monitor.ping import ping
from events.mcp.monitor.watched import Watched, WatchedFleet, load, revision_now
from events.mcp.probe import new_client
from events.mcp.record import MAX_RECORDED, Recorded, broadcast_or_leave_out, record
from events.measuring.measures import CHECKS
from events.models.revision import RegistryVersion
from events.outbound.address import AddressGuard
from events.upkeep import pruning

logger = logging.getLogger(__name__)

IN_FLIGHT = 400  # checks at once: 33 dead servers a second, each with a timeout of ten, are 333
IN_FLIGHT_OF_HOST = 4  # of them, of one host, which may be a gateway with many servers behind it
EVERY_CHECK_UP_TO = 50  # servers; in a larger fleet only changes are told, and how it is doing as a whole


class Pace(NamedTuple):
    """Seconds between two …"""

    renewal: float = 5.0  # … renewals of the lease
    poll: float = 1.0  # … polls of the registry, which an admin may have changed
    mirror: float = 1.0  # … questions whether events of servers are due
    batch: float = 0.25  # … transactions that record what was seen
    summary: float = 60.0  # … events about a large fleet as a whole
    ping: float = 60.0  # … signs of life to EVENTHUB_PING_URL
    pruning: float = 600.0  # … questions whether retention is due, which it is once a day


class MonitorLeader(Leader):
    lease = MonitorLease
    meanwhile = "checks go on, and are recorded when it is back"

    def __init__(self, epoch: int, in_database: InDatabase, pace: Pace, ttl: timedelta) -> None:
        super().__init__(epoch, in_database, ttl, pace.renewal)
        self.pace = pace
        self.fleet = WatchedFleet(asyncio.get_running_loop().time)
        self._client: httpx.AsyncClient = new_client(AddressGuard.of_settings())
        self._canary = Canary(settings.MCP_CANARY_URL)
        self._guarded = False
        self._stop_pruning = threading.Event()
        self._revision: RegistryVersion | None = None
        self._bound: Origins = {}
        self.results: asyncio.Queue[Result] = asyncio.Queue()  # bounded by the fleet: one in flight of each server
        self._mirror = Mirror(epoch, self._ask, self._client)
        self._changed = asyncio.Event()
        self._checks: set[asyncio.Task[None]] = set()
        self._all = asyncio.Semaphore(IN_FLIGHT)
        self._of_host: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(IN_FLIGHT_OF_HOST))

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        return [
            self._poll(),
            self._check_due(),
            self._record(),
            self._mirror_events(),
            self._summarise(),
            self._prune(),
            self._ping(),
        ]

    async def stop(self) -> None:
        self._stop_pruning.set()
        await self._mirror.stop()
        for task in self._checks:
            task.cancel()
        await asyncio.gather(*self._checks, return_exceptions=True)
        await self._client.aclose()

    async def record_rest(self) -> None:
        await self.record_batch()

    async def _poll(self) -> None:
        while True:
            if await self._ask(revision_now) not in (None, self._revision) and (loaded := await self._ask(load)):
                self._revision, servers, self._bound = loaded
                self.fleet.load(servers)
                for host in self._of_host.keys() - {each.host for each in self.fleet.watched.values()}:
                    del self._of_host[host]
                self._changed.set()
            await asyncio.sleep(self.pace.poll)

    async def _check_due(self) -> None:
        while True:
            for watched in self.fleet.take_due():
                task = asyncio.create_task(self.check(watched))
                self._checks.add(task)
                task.add_done_callback(self._checks.discard)
            self._changed.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self.fleet.until_next())

    async def check(self, watched: Watched) -> None:
        """Check a server as soon as it is its turn, and if it is still to be checked then."""
        server = watched.server
        try:
            async with self._of_host[watched.host], self._all:
                server = watched.server  # which an admin may have changed while it waited for its turn
                if watched.state.disabled_by == DisabledBy.ADMIN:
                    return self.fleet.missed(server.pk)
                result = await checking.check(self._client, server, self._bound, deep=deep_check_due(watched.state))
            if self._guarded or result.outcome.feeds == Feeds.FAILURE:
                result = result._replace(canary=await self._canary.answers())
            self.results.put_nowait(result)
        except Exception:  # a bug, which must not end the checks of this server
            logger.exception("The check of %s could not be made.", server.name)
            self.fleet.missed(server.pk)

    async def _record(self) -> None:
        while True:
            self.results.put_nowait(await self.results.get())
            await asyncio.sleep(self.pace.batch)
            await self._record_whole(self.record_batch())

    async def record_batch(self) -> None:
        """Record what has been seen. Kept for the next time if the database is away."""
        while not self.results.empty():
            batch = [self.results.get_nowait() for _ in range(min(self.results.qsize(), MAX_RECORDED))]
            every_check = len(self.fleet.watched) <= EVERY_CHECK_UP_TO
            written = await self._ask(partial(record, batch, epoch=self.epoch, every_check=every_check))
            if written is None:
                for result in batch:
                    self.results.put_nowait(result)
                return
            self._guarded = written.guarded
            for done in written.recorded:
                CHECKS.add(label=done.outcome.health)
                log(done)
                self.fleet.recorded(done)
            for result in batch:
                self.fleet.missed(result.server_id)
            self._changed.set()

    async def _mirror_events(self) -> None:
        while True:
            await asyncio.sleep(self.pace.mirror)
            await self._mirror.begin_due([each.server for each in self.fleet.watched.values()], self._bound)

    async def _summarise(self) -> None:
        while True:
            await asyncio.sleep(self.pace.summary)
            if len(self.fleet.watched) > EVERY_CHECK_UP_TO:
                await self._ask(summarise, self.epoch)

    async def _ping(self) -> None:
        while settings.EVENTHUB_PING_URL:
            if await self._ask(MonitorLease.is_held):  # who cannot ask the database does not do its work
                await ping(settings.EVENTHUB_PING_URL)
            await asyncio.sleep(self.pace.ping)
        await asyncio.Event().wait()  # for whoever ends the term

    async def _prune(self) -> None:
        while settings.EVENTHUB_PRUNE_DAILY:
            try:
                await asyncio.to_thread(pruning.prune_daily, self._stop_pruning)
            except DatabaseError as error:
                logger.warning("Retention has failed, and is tried again in %g s: %s", self.pace.pruning, error)
            except Exception:  # a bug, which must not end the checks
                logger.exception("Retention has failed, and is tried again in %g s.", self.pace.pruning)
            await asyncio.sleep(self.pace.pruning)
        await asyncio.Event().wait()  # for whoever ends the term


def summarise(epoch: int) -> None:
    with transaction.atomic():
        MonitorLease.lock(epoch)
        broadcast_or_leave_out([Broadcast("mcp_fleet_summary", fleet.summary(), announcement.MONITOR)])


def log(done: Recorded) -> None:
    for change in done.transitions:
        serious = change.new in ("open", "inactive", "unhealthy")
        level = logging.WARNING if serious else logging.INFO
        reason = f": {change.reason}" if change.reason else ""
        logger.log(level, "%s: %s %s → %s%s", done.server.name, change.axis, change.old, change.new, reason)
