"""What the page /deliveries says of a standing subscription, in the words of the page of events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.core.event_types import SEVERITIES, EventType
from subscriptions.models import Destination, StandingSubscription

LISTED = 20  # failed attempts of each subscription that the page shows; HTTP lists all


def shown(standing: Any, behind: int | None, visible: Mapping[str, EventType]) -> dict[str, Any]:
    types, filters = in_words(standing.event_types, standing.filters, visible)
    failed = list(standing.failed.all()[: LISTED + 1]) if standing.waiting or standing.given_up else []
    return {
        "row": standing,
        "types": types,
        "filters": filters,
        "behind": behind,
        "failed": failed[:LISTED],
        "has_more": len(failed) > LISTED,
        "is_of_agent": standing.destination.format == Destination.Format.AGENT,
        "is_webhook": standing.destination.kind == Destination.Kind.WEBHOOK,
        "hours": hours_in_words(standing.destination),
        "is_active": standing.state == StandingSubscription.State.ACTIVE,
        "is_well": standing.state == StandingSubscription.State.ACTIVE and standing.failing_since is None,
    }


def in_words(event_types: list[str], filters: dict[str, Any], visible: Mapping[str, EventType]) -> tuple[str, str]:
    """Return types and filters in the words that the page of events has for them. What a type is called that is not
    visible any more, is not told."""
    types = [visible[id] for id in event_types if id in visible]
    labels = [f"{visible[id].icon} {visible[id].label}" if id in visible else id for id in event_types]
    said = []
    for name, asked in filters.items():
        field = next((found for each in types if (found := each.field(name))), None)
        values = asked if isinstance(asked, list) else [asked]
        said.append(f"{field.label if field else name}: {', '.join(map(str, values))}")
    return ", ".join(labels), " · ".join(said) or "all events"


def hours_in_words(destination: Destination) -> str:
    """Return how a person is told; nothing for a system."""
    if not destination.is_for_people:
        return ""
    said = [f"grouped by {destination.group_by}" if destination.group_by else "all together"]
    if destination.least_severity != SEVERITIES[0]:
        said.append(f"from {destination.least_severity} on")
    if destination.quiet_from and destination.quiet_until:
        said.append(f"quiet from {destination.quiet_from:%H:%M} until {destination.quiet_until:%H:%M}")
    if destination.daily_at:
        said.append(f"once a day at {destination.daily_at:%H:%M}")
    return ", ".join(said) + (f" ({destination.time_zone})" if destination.quiet_from or destination.daily_at else "")
