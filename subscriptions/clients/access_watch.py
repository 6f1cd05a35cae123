"""Keeps access true while sockets are open: checks all connections when something may have ended it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from django.conf import settings
from django.db import Error as DatabaseError  # InterfaceError too
from django.utils import timezone

from events.access.identity import Identity
from events.access.recheck import recheck
from events.access.token_terms import note_use
from subscriptions.clients.connection import Connection
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between two checks when access changes all the time
LOGGED_AGAIN_AFTER = 60.0  # seconds; a bug that stays


class AccessWatch:
    def __init__(
        self,
        threads: DatabaseThreads,
        connections: Collection[Connection],
        settle: Callable[[Mapping[Identity, Identity | None]], Awaitable[None]],
        access: int,
    ) -> None:
        """Watch the connections. `settle` is told of their identities as they are now, None where access has ended;
        `access` is the revision that all of them were read at, or after."""
        self._threads = threads
        self._connections = connections
        self._settle = settle
        self._access = access
        self._checked_at = asyncio.get_running_loop().time()
        self._overdue = False
        self._failure = ""  # of the last check
        self._logged_at = 0.0  # the loop's time
        self._check: asyncio.Task[None] | None = None
        self._noting: asyncio.Task[None] | None = None
        self._came: set[str] = set()  # digests of tokens that have come in since the last check

    def keep_use(self, identity: Identity) -> None:
        """Keep that its token was used, until a check notes that."""
        if identity.token_digest:
            self._came.add(identity.token_digest)

    def is_news(self, identity: Identity) -> bool:
        """Return whether this identity must be checked again: access has changed, or was checked, since it was read."""
        self._overdue = self._overdue or identity.access != self._access
        return self._overdue

    def check_if_due(self, access: int) -> None:
        """Begin a check, in a task of its own, if the revision of access or anything else demands one."""
        if self._check is not None and not self._check.done():
            return  # the next call sees what is still to do
        since = asyncio.get_running_loop().time() - self._checked_at
        demanded = access != self._access or self._overdue or self._any_expired()
        if since >= settings.EVENTHUB_ACCESS_CHECK_INTERVAL or (demanded and since >= PAUSE):
            self._checked_at += since
            self._check = asyncio.create_task(self.check_all(access))

    def begin_epoch(self) -> None:
        """Drop the check under way: it has read another log, where the same revisions may stand for something else."""
        if self._check is not None:
            self._check.cancel()
        self._overdue = True

    async def stop(self) -> None:
        tasks = [task for task in (self._check, self._noting) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _any_expired(self) -> bool:
        now = timezone.now()
        expiries = (connection.identity.expires_at for connection in self._connections)
        return any(expiry is not None and expiry <= now for expiry in expiries)

    async def check_all(self, access: int) -> None:
        """Check all connections now. Where that fails, they are checked again when the next call finds it overdue."""
        self._overdue = False
        try:
            found = await self._threads.run(recheck, {connection.identity for connection in self._connections})
            await self._settle(found)
        except Exception as error:  # noqa: BLE001  an engine of sessions raises its own; so does a backend
            self._overdue = True
            self._log(error)
            return
        self._failure = ""
        self._access = access
        came_meanwhile = (each for each in self._connections if not each.outbox.closing)
        self._overdue = self._overdue or any(each.identity.access != access for each in came_meanwhile)
        self._note_uses()

    def _log(self, error: Exception) -> None:
        """Log why a check failed: what the database says once, however often it is tried again; anything else may be a
        bug and is logged again every minute."""
        now = asyncio.get_running_loop().time()
        is_of_database = isinstance(error, DatabaseError)
        failure = str(error) if is_of_database else type(error).__name__
        if failure != self._failure or (not is_of_database and now - self._logged_at >= LOGGED_AGAIN_AFTER):
            self._logged_at = now
            if is_of_database:
                logger.warning("Access cannot be checked (%s); trying again.", failure)
            else:
                logger.error("Access cannot be checked; trying again.", exc_info=error)
        self._failure = failure

    def _note_uses(self) -> None:
        """Note which tokens are in use, in a task of its own: no check waits for that."""
        if self._noting is not None and not self._noting.done():
            return  # the next check notes them
        came, self._came = self._came, set()
        connected = {each.identity.token_digest for each in self._connections} - {""}
        self._noting = asyncio.create_task(self._threads.run(note_use, came | connected))
        self._noting.add_done_callback(log_failure)


def log_failure(noting: asyncio.Task[None]) -> None:
    if not noting.cancelled() and (error := noting.exception()):
        logger.error("It could not be noted when tokens were last used.", exc_info=error)
