"""The fleet guard: while the servers' failures must be our own fault, none of them is disabled."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from django.conf import settings

from events.broadcast import Broadcast
from events.mcp import announcement, breaker, fleet
from events.mcp.breaker import Feeds
from events.mcp.fleet import Result
from events.mcp.models import McpServer, McpServerState, MonitorLease
from events.mcp.models.state import moment, seconds

logger = logging.getLogger(__name__)


def judged(
    lease: MonitorLease, rows: Mapping[int, McpServerState], results: Sequence[Result]
) -> tuple[str, list[Broadcast]]:
    """Return why the failures must be our own fault, and the events that tell of it: that this begins, or that it is
    over. It is not over before there has been no reason for a while. The lease remembers it for the next leader."""
    was = lease.monitoring != MonitorLease.Monitoring.UP
    if not was and not any(result.outcome.feeds == Feeds.FAILURE for result in results):
        return "", []
    now, latest = results[-1].at, fleet.latest()
    for result in results:
        row = rows.get(result.server_id)
        if row is not None and row.server.status == McpServer.Status.ACTIVE:
            latest[result.server_id] = after(row, result)
    by_fleet = lease.monitoring == MonitorLease.Monitoring.DEGRADED
    reason = fleet.is_ours(latest.values(), now, was=by_fleet)
    monitoring = MonitorLease.Monitoring.DEGRADED if reason else MonitorLease.Monitoring.UP
    asked = [result.canary for result in results if result.canary is not None]
    if False in asked or (was and not by_fleet and settings.MCP_CANARY_URL and not asked):
        reason = "the canary does not answer"
        monitoring = MonitorLease.Monitoring(lease.monitoring) if by_fleet else MonitorLease.Monitoring.CUT_OFF
    if reason:
        lease.troubled_at = moment(now)
    elif was and quiet_for(lease, results) < fleet.quiet_after(latest.values()):
        reason, monitoring = "it has only just ended", MonitorLease.Monitoring(lease.monitoring)
    changed = bool(reason) != was
    if changed or reason:
        lease.monitoring = monitoring
        lease.save(update_fields=["monitoring", "troubled_at"])
    if not changed:
        return reason, []
    notice = announcement.guard(reason)
    logger.warning("Fleet guard: %s.", notice.data["detail"])
    return reason, [notice]


def quiet_for(lease: MonitorLease, results: Sequence[Result]) -> float:
    """Return the seconds since the fleet guard last had a reason. A time to come is of a clock that has been set
    back."""
    troubled = seconds(lease.troubled_at)
    now = results[-1].at
    return now - troubled if troubled is not None and troubled <= now else math.inf


def after(row: McpServerState, result: Result) -> fleet.Latest:
    """Return how a server is with this outcome, which is not recorded yet."""
    config = row.server.breaker
    state, _ = breaker.step(row.as_breaker(), result.outcome, result.at, config, may_disable=False)
    waits = (state.next_check_at or result.at) - result.at
    usual = row.server.check_interval_s
    return fleet.Latest(fleet.is_down(state), result.at, max(usual, waits), usual)
