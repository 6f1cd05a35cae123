"""What people are shown of a standing subscription: nothing of its secret."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django.db.models import Count, Q, QuerySet

from events.core.position import position_id
from events.core.values import timestamp_text
from events.models import LogHead
from subscriptions.models import Destination, FailedDelivery, StandingSubscription
from subscriptions.standing.requests.destinations import MEMBERS


def with_counts(rows: QuerySet[StandingSubscription]) -> QuerySet[StandingSubscription]:
    """Return these with what `described` needs, in one query."""
    waiting = Count("failed", filter=Q(failed__given_up_at__isnull=True))
    given_up = Count("failed", filter=Q(failed__given_up_at__isnull=False))
    return rows.select_related("destination", "owner").annotate(waiting=waiting, given_up=given_up)


def described(standing: Any, head: LogHead) -> dict[str, Any]:
    """Return a row of `with_counts` as JSON."""
    destination = standing.destination
    return {
        "id": standing.pk,
        "name": standing.name,
        "event_types": standing.event_types,
        "filters": standing.filters,
        "destination": described_destination(destination),
        "state": standing.state,
        "reason": standing.reason or None,
        "position": position_id(standing.epoch, standing.position),
        "events_behind": behind(standing, head),
        "failing": standing.waiting,
        "given_up": standing.given_up,
        "created_at": timestamp_text(standing.created_at),
        "last_success_at": time_or_none(standing.last_success_at),
        "failing_since": time_or_none(standing.failing_since),
        "last_error": standing.last_error or None,
        "last_error_at": time_or_none(standing.last_error_at),
    }


def described_destination(destination: Destination) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": destination.kind}
    for name in MEMBERS[Destination.Kind(destination.kind)]:
        if name in ("url", "address"):
            told[name] = destination.address
        elif name != "secret":
            value = getattr(destination, name)
            told[name] = f"{value:%H:%M}" if isinstance(value, time) else value
    return told


def behind(standing: StandingSubscription, head: LogHead) -> int | None:
    """Return how many events the log has after the watermark, of whatever type; None for another epoch."""
    return None if standing.epoch != head.epoch else max(0, head.position - standing.position)


def described_failure(failed: FailedDelivery) -> dict[str, Any]:
    return {
        "id": failed.pk,
        "event_id": position_id(failed.epoch, failed.position) if failed.position else None,
        "event_type": failed.event_type or None,
        "attempts": failed.attempts,
        "reason": failed.error_class,
        "error": failed.error,
        "next_at": None if failed.given_up_at else timestamp_text(failed.next_at),
        "given_up_at": time_or_none(failed.given_up_at),
    }


def time_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp_text(moment)
