"""One run that deletes what need not be kept: events, idempotency keys, sessions and tokens that have expired."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import NamedTuple

from django.db import connections
from django.utils import timezone

from events.access import expired
from events.log import reading, retention
from events.log.retention import Pruned
from events.upkeep import known_time

logger = logging.getLogger(__name__)

DAILY = timedelta(days=1)
CHUNK = 1000  # events of one transaction


class Pruning(NamedTuple):
    """What was deleted, or would be. `now` is the time that was believed, at most what the clock says."""

    clock: datetime
    known: datetime
    now: datetime
    events: list[Pruned]
    keys: int
    sessions: int
    tokens: int

    @property
    def doubt(self) -> str:
        """Return what to say of a clock that was not believed; empty for one that was."""
        if self.now == self.clock:
            return ""
        return (
            f"This machine's clock says {self.clock:%Y-%m-%d %H:%M} UTC, but nothing is known to have happened since "
            f"{self.known:%Y-%m-%d %H:%M} (what was logged after a leap in time does not count). In case the clock is "
            f"wrong, only what is old by {self.now:%Y-%m-%d %H:%M} is deleted; if it is right, give --trust-clock."
        )


class Stopped(Exception):
    """This process is about to end, or to lead no more."""


def prune(
    progress: Callable[[str, int], None], *, chunk: int = CHUNK, trust_clock: bool = False, dry_run: bool = False
) -> Pruning:
    """Delete what is old enough, and say what. With `dry_run` only count it."""
    clock = timezone.now()
    known = clock if trust_clock else known_time.last_known(clock) or clock
    now = known_time.credible(clock, known)
    if dry_run:
        counted = list(retention.would_prune(now))
        return Pruning(
            clock, known, now, counted, retention.expired_keys(known).count(), *expired.count_credentials(now)
        )
    deleted = list(retention.prune(chunk, now, progress))
    keys = retention.prune_keys(chunk, known)
    sessions, tokens = expired.prune_credentials(now, chunk)
    # A clock that was not believed is not known by having been asked often.
    known_time.ran(clock if now == clock else known)
    return Pruning(clock, known, now, deleted, keys, sessions, tokens)


def is_due() -> bool:
    """Say whether the last run is a day ago, or there was none."""
    pruned_at = reading.head().pruned_at
    return pruned_at is None or timezone.now() - pruned_at >= DAILY


def prune_daily(stopping: Flag, chunk: int = CHUNK) -> None:
    """Prune if it is due, and log what was done. Call it in a thread of its own: it may take hours."""

    def progress(event_type: str, deleted: int) -> None:
        if stopping.is_set():
            raise Stopped(f"stopped after {deleted:,} events")

    try:
        if not is_due():
            return
        done = prune(progress, chunk=chunk)
        if done.doubt:
            logger.warning("Retention: %s", done.doubt)
        for each in done.events:
            if each.error is not None:
                logger.warning("Retention: not all of %s could be deleted: %r", each.event_type, each.error)
        count = sum(each.events for each in done.events)
        logger.info("Retention: %d events, %d sessions and %d tokens deleted.", count, done.sessions, done.tokens)
    finally:
        connections.close_all()  # of this thread
