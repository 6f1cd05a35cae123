"""Tells every process, through the channel layer's groups, that the log or the registry has moved.

A doorbell may be lost, doubled or late without harm: dispatchers also look by themselves. So ringing never raises and
never makes the caller wait; one background loop a process sends, and rings that pile up for a group become one.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Iterable

from channels.layers import get_channel_layer
from django.conf import settings

logger = logging.getLogger(__name__)

CONTROL_GROUP = "eventhub.control"
SEND_TIMEOUT = 2.0  # seconds; a layer that hangs is as good as gone
FLUSH_TIMEOUT = 2.0  # seconds that a process may wait at its end for its last rings


def group_of(event_type: str) -> str:
    """The group of an event type: ASCII and under 100 characters, as Channels demands (a type's id has at most 64)."""
    return f"eventhub.type.{event_type}"


class _Bell:
    """One thread with one event loop, hence one connection of the channel layer."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._idle = threading.Event()
        self._idle.set()
        self._groups: set[str] = set()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._failures = 0
        threading.Thread(target=self._loop.run_forever, name="eventhub-doorbell", daemon=True).start()

    def ring(self, groups: Iterable[str]) -> None:
        with self._lock:
            self._groups.update(groups)
            if not self._groups or not self._idle.is_set():
                return
            self._idle.clear()
        asyncio.run_coroutine_threadsafe(self._send_all(), self._loop)

    def flush(self, timeout: float) -> bool:
        return self._idle.wait(timeout)

    async def _send_all(self) -> None:
        while True:
            with self._lock:
                groups, self._groups = self._groups, set()
                if not groups:
                    self._idle.set()
                    return
            await asyncio.gather(*(self._send(group) for group in groups))

    async def _send(self, group: str) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            message = {"type": "doorbell", "control": group == CONTROL_GROUP}
            await asyncio.wait_for(layer.group_send(group, message), SEND_TIMEOUT)
        except Exception as error:  # noqa: BLE001  any layer, any failure: the look delivers
            if self._failures == 0:
                logger.warning("Channel layer unreachable (%r): events arrive by the one-second look.", error)
            self._failures += 1
        else:
            if self._failures:
                logger.warning("Channel layer back after %d lost doorbells.", self._failures)
                self._failures = 0


_bell: _Bell | None = None
_bell_lock = threading.Lock()


def _ring(groups: Iterable[str]) -> None:
    global _bell
    if not settings.EVENTHUB_DOORBELLS:
        return
    with _bell_lock:
        if _bell is None or _bell.pid != os.getpid():  # a fork has the object but not its thread
            _bell = _Bell()
    _bell.ring(groups)


def ring(event_types: Iterable[str]) -> None:
    """Events of these types have been placed. Returns at once."""
    _ring([group_of(event_type) for event_type in event_types])


def ring_control() -> None:
    """The registry or somebody's access has changed. Returns at once."""
    _ring([CONTROL_GROUP])


def flush(timeout: float = FLUSH_TIMEOUT) -> bool:
    """Wait until all rings are sent, at most `timeout` seconds. A short-lived command calls this before it ends."""
    return _bell is None or _bell.pid != os.getpid() or _bell.flush(timeout)


atexit.register(flush)
