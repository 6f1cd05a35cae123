"""One socket: who it is, what it has subscribed to, what it may still send."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from events.filters import OPERATORS, Filter
from events.limits import LIMITS
from subscriptions import protocol
from subscriptions.auth import Identity
from subscriptions.outbox import Outbox
from subscriptions.protocol import Refusal


class Subscription:
    __slots__ = ("event_types", "filters", "id", "of_type", "size", "text_conditions")

    def __init__(self, event_types: list[str], filters: Mapping[str, Any], of_type: dict[str, Filter]) -> None:
        self.id = f"sub_{secrets.token_hex(6)}"
        self.event_types = event_types
        self.filters = filters  # as the client asked
        self.of_type = of_type  # as the matcher knows them
        self.size = protocol.size(self.described())
        needles = {
            (condition.name, value)
            for filter in of_type.values()
            for condition in filter
            if OPERATORS[condition.operator].kind == "text"
            for value in condition.values
        }
        self.text_conditions = len(needles)

    def described(self) -> dict[str, Any]:
        return protocol.described(self.id, self.event_types, self.filters)


class Connection:
    __slots__ = ("address", "budget", "identity", "knows_metadata", "outbox", "subscriptions", "visible")

    def __init__(self, identity: Identity, address: str, outbox: Outbox, now: float) -> None:
        self.identity = identity
        self.address = address
        self.outbox = outbox
        self.budget = CommandBudget(now)
        self.subscriptions: dict[str, Subscription] = {}
        self.visible: frozenset[str] = frozenset()  # event types; the dispatcher keeps it true
        self.knows_metadata = False  # has asked, and is told when it changes

    def send(self, message: str) -> None:
        self.outbox.offer(message)
        self.outbox.flush()

    def spend_command(self, now: float) -> None:
        """Raises Refusal (`too_many_requests`) when commands come faster than a client may send them."""
        if not self.budget.spend(now):
            limit, burst = LIMITS["commands_per_second"], LIMITS["command_burst"]
            message = f"At most {limit} commands a second are allowed, {burst} at once; this one was not carried out."
            raise Refusal("too_many_requests", message)

    def check_room_for(self, subscription: Subscription) -> None:
        """Raises Refusal (`limit_exceeded`) when this connection cannot have one more such subscription."""
        mine = self.subscriptions.values()
        refuse_over("subscriptions_per_connection", "subscriptions a connection", len(mine) + 1)
        refuse_over(
            "text_conditions_per_connection",
            "text conditions a connection",
            subscription.text_conditions + sum(each.text_conditions for each in mine),
        )
        refuse_over(
            "subscription_bytes_per_connection",
            "bytes for all subscriptions of a connection",
            subscription.size + sum(each.size for each in mine),
        )


def refuse_over(limit: str, what: str, asked: int) -> None:
    if asked > LIMITS[limit]:
        raise Refusal("limit_exceeded", f"That would be {asked:,} {what}; at most {LIMITS[limit]:,} are allowed.")


class CommandBudget:
    """A token bucket for commands, and a count of refusals in the present window."""

    __slots__ = ("_commands", "_refused", "_updated", "_window_end")

    def __init__(self, now: float) -> None:
        self._commands = float(LIMITS["command_burst"])
        self._updated = now
        self._refused = 0
        self._window_end = now

    def spend(self, now: float) -> bool:
        """Take one command; False when the connection has sent too many."""
        refill = (now - self._updated) * LIMITS["commands_per_second"]
        self._commands = min(self._commands + refill, float(LIMITS["command_burst"]))
        self._updated = now
        if self._commands < 1:
            return False
        self._commands -= 1
        return True

    def refused(self, now: float) -> bool:
        """Count one refusal; True when the connection is flooding."""
        if now >= self._window_end:
            self._refused = 0
            self._window_end = now + LIMITS["refusal_window"]
        self._refused += 1
        return self._refused >= LIMITS["refused_commands"]
