"""The process that delivers: one of any number, of which one leads and the others wait to take over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from events.leadership.lease import TTL
from events.leadership.term import STANDBY_S, Term
from subscriptions.models import DeliveryLease
from subscriptions.standing.kinds.chat import Chat
from subscriptions.standing.process.delivery_leader import DeliveryLeader, LogReader, Pace
from subscriptions.standing.sending import Sender


class Delivery(Term):
    what = "delivery"
    lease = DeliveryLease

    def __init__(self, pace: Pace = Pace(), ttl: timedelta = TTL, standby_s: float = STANDBY_S) -> None:  # noqa: B008
        super().__init__(ttl, standby_s)
        self.pace = pace

    async def lead(self, epoch: int, stopping: asyncio.Event) -> None:
        log = LogReader()
        try:
            async with Sender(chat=Chat()) as sender:
                await DeliveryLeader(epoch, self.in_database, sender.send, log, self.pace, self.ttl).lead(stopping)
        finally:
            await log.close()
