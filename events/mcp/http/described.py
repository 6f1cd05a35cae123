"""A server as the API tells it: what admins set, and how it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from events.core.values import timestamp_text
from events.mcp.models import Maintenance, McpReliability, McpServer, McpServerState

# What may be set, in this order; the columns of the admin's form.
SETTABLE = (
    *("name", "url", "title", "description", "status", "tags", "public_name"),
    *("auth", "auth_header", "secret_ref"),
    *("check_interval_s", "timeout_s", "degraded_latency_ms", "expected_tools"),
    *("on_tools_changed", "trusts_first_tools", "fall", "rise"),
    *("failure_threshold", "open_base_s", "open_max_s", "half_open_successes"),
    *("auto_disable", "max_failure_cycles", "min_down_s", "auto_reenable", "recovery_interval_s"),
)


def described(server: McpServer) -> dict[str, Any]:
    """Return a server whose tool lists and windows are prefetched."""
    lists = sorted(server.tool_lists.all(), key=lambda each: each.is_approved)
    return {
        **{name: getattr(server, name) for name in SETTABLE},
        "disabled_by": server.disabled_by,
        "status_reason": server.status_reason,
        "state": state(server.state),
        "uptime": uptime(getattr(server, "reliability", None)),
        "tools": [
            {
                "protocol_era": each.era,
                "credential": each.credential,
                "approved": each.is_approved,
                "approved_by": each.approved_by or None,
                "approved_at": text(each.approved_at),
                "fingerprint": each.seen_fingerprint,
                "seen_at": text(each.seen_at),
            }
            for each in lists
        ],
        "maintenance": [window(each) for each in server.maintenance.all() if not is_over(each)],
    }


def state(of: McpServerState) -> dict[str, Any]:
    return {
        "health_status": of.health_status,
        "circuit_state": of.circuit_state,
        "in_maintenance": of.in_maintenance,
        "last_checked_at": text(of.last_checked_at),
        "next_check_at": text(of.next_check_at),
        "last_latency_ms": of.last_latency_ms,
        "error_class": of.last_error_class or None,
        "error": of.last_error or None,
        "protocol_version": of.protocol_version or None,
        "server_info": of.server_info or None,
        "tool_count": of.tool_count,
        "certificate_ends_at": text(of.certificate_ends_at),
    }


def uptime(of: McpReliability | None) -> dict[str, Any]:
    names = ("uptime_24h", "uptime_7d", "uptime_30d", "uptime_90d", "p50", "p95", "p99")
    return {name.removeprefix("uptime_"): getattr(of, name, None) for name in names}


def window(of: Maintenance) -> dict[str, Any]:
    return {
        "id": of.pk,
        "starts_at": text(of.starts_at),
        "ends_at": text(of.ends_at),
        "weekday": of.weekday,
        "at": f"{of.at:%H:%M}" if of.at else None,
        "lasts_s": of.lasts.total_seconds() if of.lasts else None,
        "zone": of.zone or None,
        "note": of.note,
        "created_by": of.created_by,
    }


def is_over(window: Maintenance) -> bool:
    return window.ends_at is not None and window.ends_at <= datetime.now(UTC)


def text(at: datetime | None) -> str | None:
    return None if at is None else timestamp_text(at)
