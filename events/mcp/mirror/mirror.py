"""Polls the servers of the fleet for their events, each by itself: one that is slow keeps no other waiting."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from traceback import extract_tb
from typing import Any

import httpx

from events.leadership.lease import LeaseLost
from events.log.records import LogUnavailable
from events.mcp import checking
from events.mcp.breaker import Circuit
from events.mcp.mirror import keeping
from events.mcp.mirror.asking import Visit, visiting, what_ended
from events.mcp.mirror.keeping import AFTER_FAILURE_S
from events.mcp.models import McpServer, OfferedEvent, Origins
from events.mcp.probe.failures import HttpRefused, RpcRefused
from events.mcp.probe.target import Target
from events.mcp.probe.verdict import INTERNAL
from events.outbound.origin import host_of

logger = logging.getLogger(__name__)

AT_ONCE = 16  # servers that are asked
LISTED_EVERY_S = 600.0  # that a server is asked which events it offers
PAGES = 10  # of one kind of events, until others get their turn

Ask = Callable[..., Awaitable[Any]]  # the database; None while it is away


class Mirror:
    def __init__(self, epoch: int, ask: Ask, client: httpx.AsyncClient) -> None:
        self._epoch = epoch
        self._ask = ask
        self._client = client
        self._listed: dict[int, float] = {}  # servers, and when they are asked for their list again
        self._visits: dict[int, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._servers: dict[int, McpServer] = {}  # as an admin wants them at the moment
        self._bound: Origins = {}

    async def begin_due(self, servers: Sequence[McpServer], bound: Origins) -> None:
        """Begin to visit each of these servers of which something is due."""
        self._servers, self._bound = {server.pk: server for server in servers}, bound
        wanted: defaultdict[int, list[OfferedEvent]] = defaultdict(list)
        for row in await self._ask(keeping.due, tuple(self._visits)) or ():
            wanted[row.server_id].append(row)
        for server in servers:
            if server.pk in self._visits or not is_well(server):
                continue
            with_list = server.state.offers_events and self._listed.get(server.pk, 0.0) <= self._now
            if wanted[server.pk] or with_list:
                visit = self._visit(server.pk, wanted[server.pk], with_list=with_list)
                task = self._visits[server.pk] = asyncio.create_task(visit)
                task.add_done_callback(lambda _, id=server.pk: self._visits.pop(id, None))  # type: ignore[misc]

    async def stop(self) -> None:
        visits = list(self._visits.values())
        for task in visits:
            task.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    def _target(self, id: int) -> Target | None:
        """Return how a server is asked at the moment; None if it is not."""
        server = self._servers.get(id)
        return checking.target_of(server, self._bound) if server is not None and is_well(server) else None

    async def _visit(self, id: int, rows: Sequence[OfferedEvent], *, with_list: bool) -> None:
        async with self._turn:
            if target := self._target(id):  # which an admin may have changed while it waited for its turn
                await self._speak(id, target, rows, with_list=with_list)

    async def _speak(self, id: int, target: Target, rows: Sequence[OfferedEvent], *, with_list: bool) -> None:
        left = [row.pk for row in rows]
        if with_list:
            self._listed[id] = self._now + AFTER_FAILURE_S
        try:
            async with visiting(self._client, target) as visit:
                for row in rows:
                    if target != self._target(id):
                        return
                    await self._read(visit, target, row)
                    left.remove(row.pk)
                if with_list and await self._ask(keeping.keep_offers, self._epoch, id, await visit.offers()):
                    self._listed[id] = self._now + LISTED_EVERY_S
        except (LeaseLost, LogUnavailable):
            return  # the term ends by itself; or it is tried again in a second
        except Exception as error:  # noqa: BLE001  the edge of a connection: whatever is out there is told
            await self._note(target, left, error)

    async def _read(self, visit: Visit, target: Target, row: OfferedEvent) -> None:
        cursor = row.cursor
        try:
            for _ in range(PAGES):
                answer = await visit.poll(row.name, cursor)
                is_kept = await self._ask(keeping.take, self._epoch, row.pk, cursor, answer)
                if not is_kept or not answer.has_more:
                    return
                cursor = answer.cursor
        except (RpcRefused, HttpRefused) as refusal:
            if isinstance(refusal, HttpRefused) and refusal.rpc is None:
                raise
            await self._note(target, [row.pk], refusal)  # of these events alone

    async def _note(self, target: Target, ids: Sequence[int], error: Exception) -> None:
        outcome = what_ended(error, target)
        if outcome.error_class == INTERNAL:  # without the text, which nobody has looked at for secrets
            where = extract_tb(error.__traceback__)[-1:]
            logger.error("Events of a server could not be read: %s in %s", type(error).__name__, *where)
        words = outcome.error or "It asks for a credential."
        logger.info("Events of %s could not be read: %s", host_of(target.url), words)
        if ids:
            with suppress(LeaseLost):  # the term ends by itself
                await self._ask(keeping.failed, self._epoch, ids, words, outcome.retry_after_s)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def is_well(server: McpServer) -> bool:
    """Say whether a server is asked for events: not one that is disabled, or that is known to be down."""
    return server.status == McpServer.Status.ACTIVE and server.state.circuit_state != Circuit.OPEN
