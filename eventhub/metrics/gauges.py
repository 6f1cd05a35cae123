"""What this web process is at the moment: connections, subscriptions, what is unsent, how far behind it is."""

from __future__ import annotations

import os
from heapq import nlargest
from pathlib import Path

from events.measuring.numbers import MAX_LABELS, OTHER
from events.measuring.snapshot import Gauges
from subscriptions.live import state

CONNECTIONS = "eventhub_connections"
SUBSCRIPTIONS = "eventhub_subscriptions"
UNSENT = "eventhub_unsent_bytes"
BEHIND = "eventhub_dispatcher_behind_events"
LAYER_LOST = "eventhub_channel_layer_lost"
MEMORY = "eventhub_memory_bytes"

PAGE = os.sysconf("SC_PAGE_SIZE")


def of_web() -> Gauges:
    """Return the gauges of a web process. Call it in the loop that delivers."""
    now = state.current()
    return {
        CONNECTIONS: {"": now.connections},
        SUBSCRIPTIONS: bounded(now.subscriptions),
        UNSENT: {"": now.unsent},
        BEHIND: {"": now.behind},
        LAYER_LOST: {"": float(now.layer_lost)},
        MEMORY: {"": memory()},
    }


def bounded(counts: dict[str, int]) -> dict[str, float]:
    """Return the largest of them, and all others as one."""
    largest: dict[str, float] = dict(nlargest(MAX_LABELS, counts.items(), key=lambda each: each[1]))
    if len(counts) > MAX_LABELS:
        largest[OTHER] = sum(counts.values()) - sum(largest.values())
    return largest


def memory() -> float:
    """Return the bytes of memory that this process has; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0
