"""What a process finds out about the parts it needs, told as `component_health` events: each says what it saw."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import deque

from django.utils import timezone

from events.broadcast import Broadcast, BroadcastError, broadcast_events
from events.log.records import LogUnavailable

logger = logging.getLogger(__name__)

CHANNEL_LAYER, DATABASE = "channel_layer", "database"
MAX_CHANGES = 100  # changes; of what is lost and back so often, the newest are kept
SEVERITY_OF = {"down": "error", "up": "info"}


class ComponentHealth:
    def __init__(self) -> None:
        self._lost: dict[str, float] = {}  # since when (time.monotonic())
        self._changes: deque[Broadcast] = deque(maxlen=MAX_CHANGES)

    def lost(self, component: str, why: str) -> None:
        if component not in self._lost:
            self._lost[component] = time.monotonic()
            self._change(component, "up", "down", why)

    def is_lost(self, component: str) -> bool:
        return component in self._lost

    def back(self, component: str) -> None:
        since = self._lost.pop(component, None)
        if since is not None:
            self._change(component, "down", "up", f"it was away for {time.monotonic() - since:.0f} s")

    def _change(self, component: str, old: str, new: str, detail: str) -> None:
        process = f"process {os.getpid()} on {socket.gethostname()}"
        data = {
            "component": component,
            "old_state": old,
            "new_state": new,
            "detail": f"{process}, {timezone.now():%H:%M:%S} UTC: {detail}",
            "severity": SEVERITY_OF[new],
        }
        self._changes.append(Broadcast("component_health", data, "dispatcher"))

    @property
    def has_news(self) -> bool:
        return bool(self._changes)

    def broadcast_changes(self) -> None:
        """Broadcast what has changed, from a thread that may query; what cannot be broadcast now, the next time."""
        while self._changes:
            try:
                broadcast_events([self._changes[0]])
            except LogUnavailable:
                return
            except BroadcastError as error:
                logger.warning("A change of a component's health could not be broadcast: %s", error)
            self._changes.popleft()
