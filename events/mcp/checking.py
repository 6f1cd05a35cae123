"""One check of one server, for the schedule and for “Check now” alike: the same probe, the same timeout."""

from __future__ import annotations

import time

import httpx
from msgspec.structs import replace

from events.mcp.breaker import Check
from events.mcp.fleet import Result
from events.mcp.models import McpServer, Origins
from events.mcp.probe import Auth, Era, Target, probe
from events.mcp.secret import SecretUnusable, name_in


def target_of(server: McpServer, bound: Origins) -> Target:
    return Target(
        url=server.url,
        timeout_s=server.timeout_s,
        degraded_latency_ms=server.degraded_latency_ms,
        expected_tools=tuple(server.expected_tools),
        auth=Auth(server.auth),
        header_name=server.auth_header,
        secret_reference=server.secret_ref,
        secret_origins=origins_of(server, bound),
        era=_era(server),
    )


def origins_of(server: McpServer, bound: Origins) -> frozenset[str]:
    try:
        return bound.get(name_in(server.secret_ref), frozenset())
    except SecretUnusable:  # as the probe will tell
        return frozenset()


def _era(server: McpServer) -> Era:
    """Return the era that is remembered. A server that leaves a question of its era unanswered may have left that era:
    then it is found out anew."""
    era = Era(server.state.protocol_era)
    return Era.UNKNOWN if era == Era.MODERN and server.state.last_error_class == "timeout" else era


async def check(client: httpx.AsyncClient, server: McpServer, bound: Origins, *, deep: bool) -> Result:
    outcome = await probe(client, target_of(server, bound), deep=deep)
    return Result(server.pk, server.url, outcome, time.time())


async def check_by_hand(client: httpx.AsyncClient, server: McpServer, bound: Origins) -> Result:
    """Make a deep check, and note that somebody asked for it."""
    result = await check(client, server, bound, deep=True)
    return result._replace(outcome=replace(result.outcome, check=Check.MANUAL))
