"""Standing subscriptions among those who would be told of an MCP server."""

from __future__ import annotations

from collections.abc import Iterator

from events.mcp.page.told import Request
from subscriptions.models import StandingSubscription


def standing() -> Iterator[Request]:
    rows = StandingSubscription.objects.filter(state="active", owner__is_active=True).select_related("owner")
    for each in rows.prefetch_related("owner__groups"):
        yield Request(each.owner, "a delivery", each.event_types, each.filters)
