"""What others are told: of a destination that gets nothing more, and of an event that was given up."""

from __future__ import annotations

from events.broadcast import Broadcast
from events.core.position import position_id
from subscriptions.models import Destination, StandingSubscription
from subscriptions.standing.failures import Failure

SOURCE = "delivery"
GIVEN_UP, SUSPENDED = "delivery_given_up", "destination_suspended"
OURS = (GIVEN_UP, SUSPENDED)  # of which nobody is told that they were given up: that would never end


def given_up(row: StandingSubscription, destination: Destination, position: int, failure: Failure) -> Broadcast | None:
    if failure.event_type in OURS:
        return None
    data = {
        **described(row, destination),
        "event_type": failure.event_type,
        "event_id": position_id(row.epoch, position),
        "attempts": failure.attempts,
        "reason": failure.error_class,
        "error": failure.error,
        "severity": "warning",
    }
    return Broadcast(GIVEN_UP, data, SOURCE)


def suspended(row: StandingSubscription, destination: Destination) -> Broadcast:
    data = {**described(row, destination), "state": row.state, "reason": row.reason, "severity": "error"}
    return Broadcast(SUSPENDED, data, SOURCE)


def described(row: StandingSubscription, destination: Destination) -> dict[str, object]:
    """Return what may be told of a destination: of an address no more than its host."""
    return {
        "subscription": row.name,
        "subscription_id": row.pk,
        "owner": row.owner.get_username(),
        "kind": destination.kind,
        "destination": destination.shown,
    }
