"""Tells every process, through the channel layer's groups, that the log or the registry has moved.

A doorbell may be lost, doubled or late without harm: dispatchers also poll by themselves. So ringing never raises and
never makes the caller wait; one background loop a process sends, and rings that pile up for a group become one. They
carry the events that were placed, unless these are too many: a dispatcher that has all before them need not read the
log. Whoever rings often rings by itself, without the loop: see `lines`. Of several servers of the layer each has what
waits for it, and a task of its own: one that hangs costs the others nothing.

A process that asks for few of many types hears nothing of the others. While there are many, *outlines* tell it which
types the positions have that lie between two of its events: it need not read the log to find out.

Events of ephemeral types go the same way. They are in no log, so that each is a message of its own, sent at most once.

Long because all that waits to be sent, and how it is sent, is under one lock.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Coroutine, Iterable, Mapping
from datetime import datetime
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from events.measuring.measures import DOORBELLS
from events.notify.ephemeral_queue import EphemeralEvent
from events.notify.lines import MAX_UNANSWERED, Lines
from events.notify.servers import Reach, server_of_group
from events.notify.signed_batch import EphemeralMessage, Outline, PlacedEvents, signed
from events.notify.waiting import Waiting
from events.process_lock import process_lock

logger = logging.getLogger(__name__)

CONTROL_GROUP = "eventhub.control"
OUTLINES_GROUP = "eventhub.outlines"
OUTLINE = "outline"  # the `type` of a message that carries one
EVENT = "event"  # the `type` of a message that carries an ephemeral event
SENDER_BYTES = 8
SEND_TIMEOUT = 2.0  # seconds; a layer that hangs is as good as gone
FLUSH_TIMEOUT = 2.0  # seconds that a process may wait at its end for its last rings
ANSWERS_EVERY = 0.5  # seconds, in which answers that nothing was written after are read


def group_of(event_type: str) -> str:
    """Return the group of an event type: under 100 characters of ASCII, as Channels demands (a type's id has 64)."""
    return f"eventhub.type.{event_type}"


class _Bell:
    """One thread with one event loop, hence one connection to each server of the channel layer."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._idle = threading.Event()  # while nothing is sent by the loop, to any server
        self._idle.set()
        self._waiting: defaultdict[int, Waiting] = defaultdict(Waiting)  # by the number of the server
        self._sending: dict[int, asyncio.Task[None]] = {}  # by the same
        self._sender = os.urandom(SENDER_BYTES)  # numbers the events that are not logged
        self._sent = 0
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._reach = Reach()
        self._lines = Lines(self._lost, self._lock)
        self._reads_answers = False
        threading.Thread(target=self._loop.run_forever, name="eventhub-doorbell", daemon=True).start()

    def ring(self, rings: Mapping[str, PlacedEvents | None], placed: PlacedEvents | None) -> None:
        with self._lock:
            if placed is not None:
                self._waiting[server_of_group(OUTLINES_GROUP)].outlined.add(placed)
            size = sum(len(event.data) for carried in rings.values() if carried for event in carried.events)
            if size <= MAX_UNANSWERED and self._ring_at_once(rings):
                return
            for group, carried in rings.items():
                self._waiting[server_of_group(group)].ring(group, carried)
            self._begin()

    def _ring_at_once(self, rings: Mapping[str, PlacedEvents | None]) -> bool:
        """Ring by connections that are written to without waiting, if there are such, and nothing else is on its way to
        the same servers."""
        if not self._lines.are_open or get_channel_layer() is not self._lines.layer:
            return False
        if any(self._waiting[server_of_group(group)].is_sending for group in rings):
            return False
        of_outlines = self._waiting[server_of_group(OUTLINES_GROUP)]
        outline = None if of_outlines.is_sending else of_outlines.outlined.take()
        messages = [(OUTLINES_GROUP, outlined(outline))] if outline else []
        messages += [(group, doorbell(group, carried)) for group, carried in rings.items()]
        is_done = self._lines.publish(messages)
        if outline is not None and not is_done:
            of_outlines.outlined.put_back(outline)
        if not self._reads_answers:
            self._reads_answers = True
            self._loop.call_soon_threadsafe(self._begin_reading)
        return is_done

    def _begin_reading(self) -> None:
        self._reading = self._loop.create_task(self._read_answers())

    async def _read_answers(self) -> None:
        while True:
            await asyncio.sleep(ANSWERS_EVERY)
            with self._lock:
                self._reads_answers = self._lines.read_answers()
                if not self._reads_answers:
                    return

    def send(self, event: EphemeralEvent) -> None:
        with self._lock:
            self._waiting[server_of_group(group_of(event.event_type))].ephemeral.add(event)
            self._begin()

    def _begin(self) -> None:
        for server, waiting in self._waiting.items():
            if waiting and not waiting.is_sending:
                waiting.is_sending = True
                self._idle.clear()
                self._loop.call_soon_threadsafe(self._begin_sending, server, waiting)

    def _begin_sending(self, server: int, waiting: Waiting) -> None:
        self._sending[server] = self._loop.create_task(self._send_all(waiting))

    @property
    def dropped(self) -> int:
        """Return how many ephemeral events were not sent."""
        return sum(each.ephemeral.dropped for each in self._waiting.values())

    def flush(self, timeout: float) -> bool:
        until = time.monotonic() + timeout
        is_sent = self._idle.wait(timeout)
        with self._lock:
            while self._lines.read_answers(max(0.0, until - time.monotonic())):
                if time.monotonic() >= until:
                    return False
        return is_sent

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
                await self._deliver(OUTLINES_GROUP, outlined(outline))
            sends: list[Coroutine[Any, Any, object]] = [self._send_ephemeral(waiting, events)] if events else []
            sends += [self._deliver(group, doorbell(group, carried)) for group, carried in rings.items()]
            await (sends[0] if len(sends) == 1 else asyncio.gather(*sends))  # one needs no task

    async def _send_ephemeral(self, waiting: Waiting, events: deque[EphemeralEvent]) -> None:
        """Send those for one server in their order. After one that it does not take, the rest is dropped: they would
        only arrive late, and hold up the doorbells."""
        is_taken = True
        for event in events:
            is_taken = is_taken and await self._send_one_ephemeral(event)
            if not is_taken:
                with self._lock:
                    waiting.ephemeral.drop(event, "the channel layer does not take them")

    async def _send_one_ephemeral(self, event: EphemeralEvent) -> bool:
        self._sent += 1
        message = EphemeralMessage(self._sender, self._sent, time.time(), event.event_type, event.timestamp, event.data)
        return await self._deliver(group_of(event.event_type), {"type": EVENT, **signed(message)})

    async def _deliver(self, group: str, message: dict[str, Any]) -> bool:
        try:
            layer = get_channel_layer()  # which raises for one that is not set up as it must be
            if layer is None:
                return False
            async with asyncio.timeout(SEND_TIMEOUT):
                await layer.group_send(group, message)
        except Exception as error:  # noqa: BLE001  any layer, any failure: the poll delivers
            with self._lock:
                self._lost(group, error)
            return False
        DOORBELLS.add(label="sent")
        with self._lock:
            lost = self._reach.works(group)
            self._lines.want(layer, group)
        if lost:
            logger.warning("Channel layer back after %d lost doorbells.", lost)
        return True

    def _lost(self, group: str, error: object) -> None:
        if self._reach.lost(group):
            logger.warning("Channel layer unreachable (%r): events come by the poll, within a second.", error)
        DOORBELLS.add(label="lost")


def outlined(outline: Outline) -> dict[str, Any]:
    return {"type": OUTLINE, **signed(outline)}


def doorbell(group: str, carried: PlacedEvents | None) -> dict[str, Any]:
    return {"type": "doorbell", "control": group == CONTROL_GROUP, **(signed(carried) if carried else {})}


_bell: _Bell | None = None
_bell_lock = process_lock()


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
