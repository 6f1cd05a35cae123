"""What one outcome of a probe does to a server: its health, its circuit and its status. No I/O, no clock, no chance.

`step` is the whole machine; the admin's verbs stand beside it.
"""

from __future__ import annotations

from events.mcp.breaker.by_hand import (
    TOOLS_CHANGED,
    circuit_reset,
    disabled_by_admin,
    disabled_for_tools,
    enabled_by_admin,
)
from events.mcp.breaker.machine import step
from events.mcp.breaker.pace import JITTER, RETRY_AFTER_MAX_S, deep_check_due, next_check, wait
from events.mcp.breaker.state import (
    Check,
    Circuit,
    Config,
    DisabledBy,
    Feeds,
    Health,
    Outcome,
    State,
    Status,
    Transition,
)

__all__ = [
    "JITTER",
    "RETRY_AFTER_MAX_S",
    "TOOLS_CHANGED",
    "Check",
    "Circuit",
    "Config",
    "DisabledBy",
    "Feeds",
    "Health",
    "Outcome",
    "State",
    "Status",
    "Transition",
    "circuit_reset",
    "deep_check_due",
    "disabled_by_admin",
    "disabled_for_tools",
    "enabled_by_admin",
    "next_check",
    "step",
    "wait",
]
