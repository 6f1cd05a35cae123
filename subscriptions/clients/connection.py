"""One client: who it is, what it has subscribed to, what it may still send."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable
from typing import Any, Protocol

from events.access.identity import Identity
from events.access.policy import Scopes
from events.core.limits import LIMITS
from subscriptions.clients.limits import CommandBudget, refuse_over
from subscriptions.clients.subscription import Subscription
from subscriptions.outbox.base import Outbox
from subscriptions.outbox.frames import Frame
from subscriptions.protocol.commands import Refusal
from subscriptions.recent.intervals import Interval

# What is remembered of subscriptions that have ended or changed, so that no replay sends an event twice. Beyond it a
# replay could not tell, and is refused.
MAX_PAST = 500  # intervals
MAX_PAST_VALUES = 5_000  # values of their filters, of 200 characters at most


class Backlog(Protocol):
    """What a connection is still to be sent from the log, before it is live. Nothing here waits, but for `stop`."""

    @property
    def position(self) -> int:
        """Return up to where the connection has been sent all that it asks for."""

    @property
    def now(self) -> int:
        """Return the position after which a subscription that is made now begins."""

    def wait(self, replay: Any) -> None:
        """Take another replay of this connection, after those before it."""

    def add(self, subscription: Subscription) -> None:
        """Take a subscription that asks for what comes from now on."""

    def remove(self, subscription: Subscription) -> None:
        """Drop all that is still to be sent for it."""

    def change(self, subscription: Subscription, before: Subscription) -> None:
        """Take what it asks for from now on; what it asked for until now is still sent."""

    async def stop(self) -> None:
        """Stop, because the connection is gone."""


class Connection:
    __slots__ = (
        "address",
        "backlog",
        "budget",
        "id",
        "identity",
        "knows_metadata",
        "outbox",
        "past",
        "scopes",
        "sent_up_to",
        "since",
        "subscriptions",
    )

    def __init__(self, identity: Identity, address: str, outbox: Outbox, now: float) -> None:
        self.id = secrets.token_hex(6)  # for operators: it is in the log and on their pages
        self.identity = identity
        self.address = address
        self.outbox = outbox
        self.since = now  # the loop's time
        self.budget = CommandBudget(now)
        self.subscriptions: dict[str, Subscription] = {}
        self.scopes: Scopes = {}  # what it may see of each event type; the hub keeps it true
        self.knows_metadata = False  # has asked, and is told when it changes
        self.backlog: Backlog | None = None
        # Live events at or below this position are skipped; infinity during a replay.
        self.sent_up_to: float = 0
        # What was sent for subscriptions that have ended or changed; None: too much to remember.
        self.past: list[Interval] | None = []

    def send(self, message: str) -> None:
        self.outbox.send(Frame(message))

    def catch_up(self, backlog: Backlog) -> None:
        self.backlog = backlog
        self.sent_up_to = math.inf

    def go_live(self, position: int) -> None:
        """Go live: everything up to this position has been sent."""
        self.backlog = None
        self.sent_up_to = position

    def remember(self, interval: Interval) -> None:
        if self.past is not None:
            self.past.append(interval)
            if len(self.past) > MAX_PAST or sum(each.values for each in self.past) > MAX_PAST_VALUES:
                self.past = None

    def spend_command(self, now: float) -> None:
        """Spend one command of the budget. Raises Refusal (`too_many_requests`) when commands come faster than a client
        may send them."""
        if not self.budget.spend(now):
            limit, burst = LIMITS["commands_per_second"], LIMITS["command_burst"]
            message = f"At most {limit} commands a second are allowed, {burst} at once; this one was not carried out."
            raise Refusal("too_many_requests", message)

    def check_room_for(self, new: Iterable[Subscription], instead_of: Subscription | None = None) -> None:
        """Raise Refusal (`limit_exceeded`) when this connection cannot have these subscriptions as well."""
        all_of_them = [*new, *(each for each in self.subscriptions.values() if each is not instead_of)]
        refuse_over("subscriptions_per_connection", "subscriptions a connection", len(all_of_them))
        refuse_over(
            "text_conditions_per_connection",
            "text conditions a connection",
            sum(each.text_conditions for each in all_of_them),
        )
        refuse_over(
            "subscription_bytes_per_connection",
            "bytes for all subscriptions of a connection",
            sum(each.size for each in all_of_them),
        )

    def check_can_replay(self) -> None:
        """Raise Refusal (`limit_exceeded`) when what was sent before is no longer known."""
        if self.past is None:
            sentence = "This connection has ended or changed too many subscriptions to replay; resume on a new one."
            raise Refusal("limit_exceeded", sentence)
