"""Tells every process, through the channel layer's groups, that the log or the registry has moved.

A doorbell may be lost, doubled or late without harm: dispatchers also poll by themselves. So ringing never raises and
never makes the caller wait; one background loop a process sends, and rings that pile up for a group become one. They
carry the events that were placed, unless these are too many: a dispatcher that has all before them need not read the
log.

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
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from channels.layers import get_channel_layer
from django.conf import settings

from events.measuring.measures import DOORBELLS, EVENTS_DROPPED
from events.notify.outlined import Outlined
from events.notify.servers import Reach, server_of_group
from events.notify.signed_batch import EphemeralMessage, PlacedEvents, both, signed

logger = logging.getLogger(__name__)

CONTROL_GROUP = "eventhub.control"
OUTLINES_GROUP = "eventhub.outlines"
OUTLINE = "outline"  # the `type` of a message that carries one
EVENT = "event"  # the `type` of a message that carries an ephemeral event
SENDER_BYTES = 8
MAX_QUEUED = 1_000  # ephemeral events that wait to be sent; beyond that they are dropped
MAX_QUEUED_CHARACTERS = 8 * 1024 * 1024  # of their payloads
MAX_CARRIED = 1024 * 1024  # characters of logged events' payloads that wait; for what is more, groups are only rung
LOG_EVERY = 10.0  # seconds; a flood of events that are dropped must not flood the server's log
SEND_TIMEOUT = 2.0  # seconds; a layer that hangs is as good as gone
FLUSH_TIMEOUT = 2.0  # seconds that a process may wait at its end for its last rings


def group_of(event_type: str) -> str:
    """Return the group of an event type: under 100 characters of ASCII, as Channels demands (a type's id has 64)."""
    return f"eventhub.type.{event_type}"


class _EphemeralEvent(NamedTuple):
    """An event that is not logged, on its way to a group."""

    event_type: str
    timestamp: datetime
    data: str

    def __len__(self) -> int:
        return len(self.data)


class _Bell:
    """One thread with one event loop, hence one connection of the channel layer."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._idle = threading.Event()
        self._idle.set()
        self._rings: dict[str, PlacedEvents | None] = {}  # group → what to carry
        self._carried = 0  # characters of that
        self._outlined = Outlined()
        self._ephemeral: deque[_EphemeralEvent] = deque()
        self._characters = 0  # of the ephemeral events
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
                self._outlined.add(placed)
            for group, carried in rings.items():
                self._rings[group] = both(self._rings[group], carried) if group in self._rings else carried
                self._carried += sum(len(event.data) for event in carried.events) if carried else 0
            if self._carried > MAX_CARRIED:
                self._rings, self._carried = dict.fromkeys(self._rings), 0
            self._begin()

    def send(self, event: _EphemeralEvent) -> None:
        with self._lock:
            if len(self._ephemeral) < MAX_QUEUED and self._characters + len(event) <= MAX_QUEUED_CHARACTERS:
                self._ephemeral.append(event)
                self._characters += len(event)
            else:
                self._drop([event], "more wait to be sent than may")
            self._begin()

    def _begin(self) -> None:
        if (self._rings or self._ephemeral) and self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon_threadsafe(self._begin_sending)

    def _begin_sending(self) -> None:
        self._sending = self._loop.create_task(self._send_all())

    def _drop(self, events: Sequence[_EphemeralEvent], why: str) -> None:
        self.dropped += len(events)
        for event in events:
            EVENTS_DROPPED.add(label=event.event_type)
        if time.monotonic() >= self._log_after:
            self._log_after = time.monotonic() + LOG_EVERY
            logger.warning("Ephemeral events are dropped, %d so far: %s.", self.dropped, why)

    def flush(self, timeout: float) -> bool:
        return self._idle.wait(timeout)

    async def _send_all(self) -> None:
        while True:
            with self._lock:
                rings, self._rings, self._carried = self._rings, {}, 0
                events, self._ephemeral = self._ephemeral, deque()
                self._characters = 0
                outline = self._outlined.take()
                if not rings and not events:
                    self._idle.set()
                    return
            if outline is not None:
                await self._deliver(OUTLINES_GROUP, {"type": OUTLINE, **signed(outline)})
            sends: list[Coroutine[Any, Any, None]] = [self._send_ephemeral(events)] if events else []
            sends += [self._send(*ring) for ring in rings.items()]
            await (sends[0] if len(sends) == 1 else asyncio.gather(*sends))  # one needs no task

    async def _send_ephemeral(self, events: deque[_EphemeralEvent]) -> None:
        """Send them in their order. After one that a server of the layer does not take, those that wait for the same
        server are dropped: they would only arrive late, and hold up the doorbells."""
        failed: set[int] = set()
        for event in events:
            server = server_of_group(group_of(event.event_type))
            if server in failed or not await self._send_one_ephemeral(event):
                failed.add(server)
                with self._lock:
                    self._drop([event], "the channel layer does not take them")

    async def _send_one_ephemeral(self, event: _EphemeralEvent) -> bool:
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
        _own_bell().send(_EphemeralEvent(event_type, timestamp, data))


def flush(timeout: float = FLUSH_TIMEOUT) -> bool:
    """Wait until all rings are sent, at most `timeout` seconds. A short-lived command calls this before it ends."""
    return _bell is None or _bell.pid != os.getpid() or _bell.flush(timeout)


atexit.register(flush)
