"""Tells every process, through the channel layer's groups, that the log or the registry has moved.

A doorbell may be lost, doubled or late without harm: dispatchers also poll by themselves. So ringing never raises and
never makes the caller wait; one background loop a process sends, and rings that pile up for a group become one. They
carry the events that were placed, unless these are too many: a dispatcher that has all before them need not read the
log. Of several servers of the layer each has what waits for it, and a task of its own: one that hangs costs the others
nothing.

A process that asks for few of many types hears nothing of the others. While there are many, *outlines* tell it which
types the positions have that lie between two of its events: it need not read the log to find out.

Events of ephemeral types go the same way. They are in no log, so that each is a message of its own, sent at most once.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from events.measuring.measures import DOORBELLS, EVENTS_DROPPED
from events.notify.servers import Reach, server_of_group
from events.notify.signed_batch import EphemeralMessage, PlacedEvents, signed
from events.notify.waiting import EphemeralEvent, Waiting

logger = logging.getLogger(__name__)

CONTROL_GROUP = "eventhub.control"
OUTLINES_GROUP = "eventhub.outlines"
OUTLINE = "outline"  # the `type` of a message that carries one
EVENT = "event"  # the `type` of a message that carries an ephemeral event
SENDER_BYTES = 8
LOG_EVERY = 10.0  # seconds; a flood of events that are dropped must not flood the server's log
SEND_TIMEOUT = 2.0  # seconds; a layer that hangs is as good as gone
FLUSH_TIMEOUT = 2.0  # seconds that a process may wait at its end for its last rings


def group_of(event_type: str) -> str:
    """Return the group of an event type: under 100 characters of ASCII, as Channels demands (a type's id has 64)."""
    return f"eventhub.type.{event_type}"


class _Bell:
    """One thread with one event loop, hence one connection to each server of the channel layer."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._idle = threading.Event()  # while nothing waits for any server
        self._idle.set()
        self._waiting: defaultdict[int, Waiting] = defaultdict(Waiting)  # by the number of the server
        self._sending: dict[int, asyncio.Task[None]] = {}  # by the same
        self._sender = os.urandom(SENDER_BYTES)  # numbers the events that are not logged
        self._sent = 0
        self.dropped = 0  # ephemeral events that were not sent
        self._log_after = 0.0  # time.monotonic()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._reach = Reach()
        threading.Thread(target=self._loop.run_forever, name="eventhub-doorbell", daemon=True).start()

    def ring(self, rings: Mapping[str, PlacedEvents | None], placed: PlacedEvents | None) -> None:
        with self._lock:
            if placed is not None:
                self._waiting[server_of_group(OUTLINES_GROUP)].outlined.add(placed)
            for group, carried in rings.items():
                self._waiting[server_of_group(group)].ring(group, carried)
            self._begin()

    def send(self, event: EphemeralEvent) -> None:
        with self._lock:
            if not self._waiting[server_of_group(group_of(event.event_type))].put(event):
                self._drop([event], "more wait to be sent than may")
            self._begin()

    def _begin(self) -> None:
        for server, waiting in self._waiting.items():
            if waiting and not waiting.is_sending:
                waiting.is_sending = True
                self._idle.clear()
                self._loop.call_soon_threadsafe(self._begin_sending, server, waiting)

    def _begin_sending(self, server: int, waiting: Waiting) -> None:
        self._sending[server] = self._loop.create_task(self._send_all(waiting))

    def _drop(self, events: Sequence[EphemeralEvent], why: str) -> None:
        self.dropped += len(events)
        for event in events:
            EVENTS_DROPPED.add(label=event.event_type)
        if time.monotonic() >= self._log_after:
            self._log_after = time.monotonic() + LOG_EVERY
            logger.warning("Ephemeral events are dropped, %d so far: %s.", self.dropped, why)

    def flush(self, timeout: float) -> bool:
        return self._idle.wait(timeout)

    async def _send_all(self, waiting: Waiting) -> None:
        """Send what waits for a server, until nothing does."""
        while True:
            with self._lock:
                if not waiting:
                    waiting.is_sending = False
                    if not any(each.is_sending for each in self._waiting.values()):
                        self._idle.set()
                    return
                rings, events, outline = waiting.take()
            if outline is not None:
                await self._deliver(OUTLINES_GROUP, {"type": OUTLINE, **signed(outline)})
            sends: list[Coroutine[Any, Any, None]] = [self._send_ephemeral(events)] if events else []
            sends += [self._send(*ring) for ring in rings.items()]
            await (sends[0] if len(sends) == 1 else asyncio.gather(*sends))  # one needs no task

    async def _send_ephemeral(self, events: Sequence[EphemeralEvent]) -> None:
        """Send those for one server in their order. After one that it does not take, the rest is dropped: they would
        only arrive late, and hold up the doorbells."""
        for number, event in enumerate(events):
            if not await self._send_one_ephemeral(event):
                with self._lock:
                    self._drop(events[number:], "the channel layer does not take them")
                return

    async def _send_one_ephemeral(self, event: EphemeralEvent) -> bool:
        self._sent += 1
        message = EphemeralMessage(self._sender, self._sent, time.time(), event.event_type, event.timestamp, event.data)
        return await self._deliver(group_of(event.event_type), {"type": EVENT, **signed(message)})

    async def _send(self, group: str, carried: PlacedEvents | None) -> None:
        members = signed(carried) if carried else {}
        await self._deliver(group, {"type": "doorbell", "control": group == CONTROL_GROUP, **members})

    async def _deliver(self, group: str, message: dict[str, Any]) -> bool:
        try:
            layer = get_channel_layer()  # which raises for one that is not set up as it must be
            if layer is None:
                return False
            async with asyncio.timeout(SEND_TIMEOUT):
                await layer.group_send(group, message)
        except Exception as error:  # noqa: BLE001  any layer, any failure: the poll delivers
            if self._reach.lost(group):
                logger.warning("Channel layer unreachable (%r): events come by the poll, within a second.", error)
            DOORBELLS.add(label="lost")
            return False
        DOORBELLS.add(label="sent")
        if lost := self._reach.works(group):
            logger.warning("Channel layer back after %d lost doorbells.", lost)
        return True


_bell: _Bell | None = None
_bell_lock = threading.Lock()


def _own_bell() -> _Bell:
    global _bell
    with _bell_lock:
        if _bell is None or _bell.pid != os.getpid():  # a fork has the object but not its thread
            _bell = _Bell()
        return _bell


def _ring(rings: Mapping[str, PlacedEvents | None], placed: PlacedEvents | None = None) -> None:
    if settings.EVENTHUB_DOORBELLS:
        _own_bell().ring(rings, placed)


def ring(event_types: Iterable[str], carried: PlacedEvents | None = None) -> None:
    """Tell that events of these types have been placed, and that is committed; what is carried, if anything, has them
    all. Returns at once."""
    _ring({group_of(each): carried and carried.of_type(each) for each in event_types}, carried)


def ring_control() -> None:
    """Tell that the registry or somebody's access has changed. Returns at once."""
    _ring({CONTROL_GROUP: None})


def send(event_type: str, timestamp: datetime, data: str) -> None:
    """Carry an event that is not logged to all processes that listen. `data` is its JSON text. It returns at once. If
    too many events wait, it drops this one and counts it."""
    if settings.EVENTHUB_DOORBELLS:
        _own_bell().send(EphemeralEvent(event_type, timestamp, data))


def flush(timeout: float = FLUSH_TIMEOUT) -> bool:
    """Wait until all rings are sent, at most `timeout` seconds. A short-lived command calls this before it ends."""
    return _bell is None or _bell.pid != os.getpid() or _bell.flush(timeout)


atexit.register(flush)
