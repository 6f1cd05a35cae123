"""Registers the servers of the demo, to be checked often and given up soon."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from eventhub.demo.server import DemoServer
from events.mcp.models import McpServer

# What takes ten minutes in earnest takes less than one here.
QUICK = {
    "check_interval_s": 3,
    "timeout_s": 3.0,
    "fall": 2,
    "failure_threshold": 3,
    "open_base_s": 4,
    "open_max_s": 15,
    "max_failure_cycles": 2,
    "min_down_s": 5,
    "recovery_interval_s": 4,
}


@transaction.atomic
def register(servers: Iterable[DemoServer]) -> None:
    """Register the servers as if they were new, whatever an earlier demo left."""
    for server in servers:
        McpServer.objects.filter(name=server.name).delete()
        known = {"name": server.name, "url": server.url, "description": server.what}
        McpServer.objects.create(**known, auto_disable=server.is_given_up, **QUICK)
