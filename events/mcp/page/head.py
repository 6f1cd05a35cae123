"""What the head of every page says of the fleet."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from events.mcp.page.listing import count_in_trouble


def in_head(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Give templates the number of servers in trouble; whoever does not show it asks nothing."""
    return {"servers_in_trouble": count_in_trouble}
