"""Every server checked once, for people and for scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from rich.table import Table

from events.mcp.breaker import Feeds
from events.mcp.checking import check_by_hand
from events.mcp.fleet import Result
from events.mcp.models import McpServer, Origins, bound_origins
from events.mcp.probe import new_client
from events.mcp.record import Recorded, record_manual
from events.outbound.address import AddressGuard

CHECKS_AT_ONCE = 20  # checks


def check_now(servers: Iterable[McpServer], source: str) -> list[Recorded]:
    """Check these servers, each within its own timeout, and record what was seen; in their order. Servers that are
    deleted or moved elsewhere meanwhile are left out."""
    found = asyncio.run(check_all(list(servers), bound_origins()))
    recorded = [record_manual(result, source) for result in found]
    return [each for each in recorded if each is not None]


async def check_all(servers: Sequence[McpServer], bound: Origins) -> list[Result]:
    at_once = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def check(server: McpServer) -> Result:
        async with at_once:
            return await check_by_hand(client, server, bound)

    async with new_client(AddressGuard.of_settings()) as client:
        return list(await asyncio.gather(*map(check, servers)))


def verdict(done: Recorded) -> str:
    """Return what a check saw, in a few words."""
    outcome = done.outcome
    seen = "no verdict" if outcome.feeds == Feeds.NO else outcome.health.value
    latency = f", {outcome.latency_ms:,.0f} ms" if outcome.latency_ms is not None else ""
    tools = f", {outcome.tool_count} tool{'s' * (outcome.tool_count != 1)}" if outcome.tool_count is not None else ""
    error = f": {outcome.error}" if outcome.error else ""
    return f"{seen}{latency}{tools}{error}"


def table(recorded: Sequence[Recorded]) -> Table:
    shown = Table("server", "verdict", "status", "health", "circuit", "protocol", box=None, pad_edge=False)
    for done in recorded:
        state = done.state
        shown.add_row(
            done.server.name,
            verdict(done),
            state.status.value,
            state.health_status.value,
            state.circuit_state.value,
            done.outcome.protocol_version or "–",
        )
    return shown
