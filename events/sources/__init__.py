"""All sources of this app, by the name that the setting EVENTHUB_SOURCES knows them by."""

from __future__ import annotations

from collections.abc import Callable

from events.sources import access_change, admin_log, auth, error_log

SOURCES: dict[str, Callable[[], None]] = {
    "auth": auth.connect,
    "admin_log": admin_log.connect,
    "access_change": access_change.connect,
    "error_log": error_log.connect,
}
