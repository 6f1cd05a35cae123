"""What the database knows, and no process by itself: the log's head, events without a position, who leads the fleet."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple

from django.db import Error as DatabaseError
from django.db.models.functions import Now

from events.log import reading
from events.mcp.models import MonitorLease
from events.models import Event, HubProcess
from subscriptions.threads import DatabaseThreads

logger = logging.getLogger(__name__)

ASK_EVERY_S = 1.0  # between two questions, however often somebody scrapes
WAIT_S = 2.0  # for an answer; a scrape must not hang with the database


class Known(NamedTuple):
    position: int  # the log's head
    pending: int
    lease_age_s: float | None  # since the monitor that leads was last heard of; None: nobody leads
    heartbeats: dict[str, float]  # role → seconds since the process of it was heard of that is silent for longest


def ask() -> Known:
    lease = MonitorLease.objects.exclude(expires_at=None).annotate(now=Now()).first()
    age = None
    if lease is not None and lease.expires_at is not None:
        age = max(0.0, (lease.now - (lease.expires_at - lease.lasts)).total_seconds())
    heartbeats: dict[str, float] = {}
    for process in HubProcess.objects.with_age():
        age_s = process.age.total_seconds()  # type: ignore[attr-defined]  # annotated
        heartbeats[process.role] = max(heartbeats.get(process.role, 0.0), age_s)
    return Known(reading.head().position, Event.objects.pending().count(), age, heartbeats)


class Answers:
    """Asks in a thread of its own, one question at a time."""

    def __init__(self) -> None:
        self._thread = DatabaseThreads("metrics", 1)
        self._asked_at = -ASK_EVERY_S
        self._asking: asyncio.Task[None] | None = None
        self._known: Known | None = None

    async def known(self) -> Known | None:
        """Return what the database says; None while it does not answer."""
        if self._asking is None and time.monotonic() - self._asked_at >= ASK_EVERY_S:
            self._asking = asyncio.create_task(self._ask())
        if self._asking is not None:
            asking = self._asking
            await asyncio.wait({asking}, timeout=WAIT_S)
            return self._known if asking.done() else None
        return self._known

    async def _ask(self) -> None:
        try:
            self._known = await self._thread.run(ask)
        except DatabaseError as error:
            logger.warning("metrics: the database does not answer: %s", error)
            self._known = None
        finally:
            self._asked_at, self._asking = time.monotonic(), None
