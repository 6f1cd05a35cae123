"""Servers and what checks of them saw, for tests that need no network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from events.mcp.breaker import Check, Feeds, Health, Outcome
from events.mcp.fleet import Result
from events.mcp.models import McpServer
from events.models import Event

NOW = 1_800_000_000.0  # any time will do

WELL = Outcome(health=Health.HEALTHY, feeds=Feeds.SUCCESS, check=Check.DEEP, latency_ms=3.2, tool_count=4)
DOWN = Outcome(
    health=Health.UNHEALTHY, feeds=Feeds.FAILURE, check=Check.DEEP, error_class="connect", error="Nobody answers."
)


def a_server(name: str = "oracle_mcp", **members: Any) -> McpServer:
    return McpServer.objects.create(name=name, **{"url": f"http://127.0.0.1:9/{name}", **members})


def results(servers: Sequence[McpServer], outcome: Outcome, at: float, canary: bool | None = None) -> list[Result]:
    return [Result(server.pk, server.url, outcome, at, canary) for server in servers]


def told(*types: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of these types, or all, as they were broadcast."""
    events = Event.objects.filter(type__in=types) if types else Event.objects.all()
    return [(event.type_id, json.loads(event.data)) for event in events.order_by("id")]
