"""What happens in Django itself, as events: all sources, by the name that the setting EVENTHUB_SOURCES knows them by.

Each is connected once in every process, workers included, and broadcasts what happens in that process, by
`never_raises.try_broadcast`, so that a broadcast that fails does not fail the act; `actor` knows who acts. The event
type must exist, and the setting must name the source.

What watches the world outside is a process of its own, as the MCP monitor is (`events.mcp.monitor`), and calls
`events.broadcast.broadcast_event`. Else each worker would broadcast the same thing.
"""

from __future__ import annotations

from collections.abc import Callable

from events.sources import access_change, admin_log, auth, error_log

SOURCES: dict[str, Callable[[], None]] = {
    "auth": auth.connect,
    "admin_log": admin_log.connect,
    "access_change": access_change.connect,
    "error_log": error_log.connect,
}
