"""What every design is measured with: one kind of event, and subscriptions that all ask for it."""

from __future__ import annotations

from typing import Any

EVENT_TYPE = "mcp_status_change"

# Makes an event's message 207 bytes with a position of three digits, the size of the prototypes' figures.
REASON = "Auto-disabled"


def event_data(number: int) -> dict[str, Any]:
    """The payload of the event with this number; the load client checks that each socket gets 0, 1, 2, …"""
    return {
        "mcp_name": "oracle_mcp",
        "old_status": "active",
        "new_status": "inactive",
        "reason": REASON,
        "severity": "error",
        "n": number,
    }


def subscription(socket: int) -> dict[str, Any]:
    """What a socket asks. All match; no two filters are the same, so that no index can treat them as one."""
    filters = {"mcp_names": ["oracle_mcp", f"server_{socket}"], "severity": ["error", "critical"]}
    return {"action": "subscribe", "event_types": [EVENT_TYPE], "filters": filters}
