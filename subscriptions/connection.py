"""One socket: who it is, what it has subscribed to, what it may still send."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from events.bucket import Bucket
from events.filters import OPERATORS, Filter
from events.limits import LIMITS
from subscriptions import protocol
from subscriptions.auth import Identity
from subscriptions.catchup import CatchUp
from subscriptions.fast_lane import LaneOutbox
from subscriptions.frame import Frame
from subscriptions.outbox import Outbox
from subscriptions.protocol import Refusal
from subscriptions.stretches import Stretch

# What is remembered of subscriptions that have ended or changed, so that no replay sends an event twice. Beyond it a
# replay could not tell, and is refused.
MAX_PAST = 500  # stretches
MAX_PAST_VALUES = 5_000  # values of their filters, of 200 characters at most


class Subscription:
    __slots__ = ("event_types", "filters", "id", "of_type", "size", "start", "text_conditions")

    def __init__(
        self,
        event_types: list[str],
        filters: Mapping[str, Any],
        of_type: dict[str, Filter],
        id: str | None = None,
    ) -> None:
        self.id = id or f"sub_{secrets.token_hex(6)}"
        self.event_types = event_types
        self.filters = filters  # as the client asked
        self.of_type = of_type  # as the matcher knows them
        self.start = 0  # it asks for what comes after this position
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
    __slots__ = (
        "address",
        "budget",
        "catchup",
        "floor",
        "identity",
        "knows_metadata",
        "outbox",
        "past",
        "subscriptions",
        "visible",
    )

    def __init__(self, identity: Identity, address: str, outbox: Outbox | LaneOutbox, now: float) -> None:
        self.identity = identity
        self.address = address
        self.outbox = outbox
        self.budget = CommandBudget(now)
        self.subscriptions: dict[str, Subscription] = {}
        self.visible: frozenset[str] = frozenset()  # event types; the dispatcher keeps it true
        self.knows_metadata = False  # has asked, and is told when it changes
        self.catchup: CatchUp | None = None
        self.floor: float = 0  # the dispatcher leaves out what is not above it: all, during a catch-up
        self.past: (
            list[Stretch] | None
        ) = []  # what was sent for subscriptions that have ended or changed; None: too much

    def send(self, message: str) -> None:
        self.outbox.send(Frame(message))

    def catch_up(self, catchup: CatchUp) -> None:
        self.catchup = catchup
        self.floor = math.inf

    def go_live(self, position: int) -> None:
        """Everything up to this position has been sent."""
        self.catchup = None
        self.floor = position

    def remember(self, stretch: Stretch) -> None:
        if self.past is not None:
            self.past.append(stretch)
            if len(self.past) > MAX_PAST or sum(each.values for each in self.past) > MAX_PAST_VALUES:
                self.past = None

    def spend_command(self, now: float) -> None:
        """Raises Refusal (`too_many_requests`) when commands come faster than a client may send them."""
        if not self.budget.spend(now):
            limit, burst = LIMITS["commands_per_second"], LIMITS["command_burst"]
            message = f"At most {limit} commands a second are allowed, {burst} at once; this one was not carried out."
            raise Refusal("too_many_requests", message)

    def check_room_for(self, new: Iterable[Subscription], instead_of: Subscription | None = None) -> None:
        """Raises Refusal (`limit_exceeded`) when this connection cannot have these subscriptions as well."""
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
        """Raises Refusal (`limit_exceeded`) when what was sent before is no longer known."""
        if self.past is None:
            sentence = "This connection has ended or changed too many subscriptions to replay; resume on a new one."
            raise Refusal("limit_exceeded", sentence)


def refuse_over(limit: str, what: str, asked: int) -> None:
    if asked > LIMITS[limit]:
        raise Refusal("limit_exceeded", f"That would be {asked:,} {what}; at most {LIMITS[limit]:,} are allowed.")


class CommandBudget:
    """A token bucket for commands, and a count of refusals in the present window."""

    __slots__ = ("_commands", "_refused", "_window_end")

    def __init__(self, now: float) -> None:
        self._commands = Bucket(LIMITS["commands_per_second"], LIMITS["command_burst"], now)
        self._refused = 0
        self._window_end = now

    def spend(self, now: float) -> bool:
        """Take one command; False when the connection has sent too many."""
        return self._commands.spend(now)

    def refused(self, now: float) -> bool:
        """Count one refusal; True when the connection is flooding."""
        if now >= self._window_end:
            self._refused = 0
            self._window_end = now + LIMITS["refusal_window"]
        self._refused += 1
        return self._refused >= LIMITS["refused_commands"]
