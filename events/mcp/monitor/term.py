"""The monitor: one of any number of processes, of which one leads and the others wait to take over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from events.leadership.lease import TTL
from events.leadership.term import STANDBY_S, Term
from events.mcp.models import MonitorLease
from events.mcp.monitor.monitor_leader import MonitorLeader, Pace


class Monitor(Term):
    what = "monitor"
    lease = MonitorLease

    def __init__(self, pace: Pace = Pace(), ttl: timedelta = TTL, standby_s: float = STANDBY_S) -> None:  # noqa: B008
        super().__init__(ttl, standby_s)
        self.pace = pace

    async def lead(self, epoch: int, stopping: asyncio.Event) -> None:
        await MonitorLeader(epoch, self.in_database, self.pace, self.ttl).lead(stopping)
