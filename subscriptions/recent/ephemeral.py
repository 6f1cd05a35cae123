"""Events of ephemeral types as they come through the channel layer, to which others may write, too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from functools import cached_property
from typing import Any

import msgspec

from events.broadcast import MAX_DATA
from events.core.event_types import EventType, Registry
from events.core.problems import shown
from events.notify.signed_batch import Note, opened_note
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import messages
from subscriptions.recent.arrivals import Arrivals


class Unacceptable(Exception):
    """A message is not an event that this process may deliver."""


class EphemeralEntry:
    """Matched and encoded like an entry of the log, whose position it lacks."""

    def __init__(self, note: Note) -> None:
        self.type = note.type
        self._timestamp = note.timestamp.astimezone(UTC)
        self._data = note.data
        self.payload = payload(note.data)

    @cached_property
    def frame(self) -> Frame:
        return Frame(messages.event(self.type, None, self._timestamp, self._data))


def received(message: Mapping[str, Any], registry: Registry, arrivals: Arrivals) -> EphemeralEntry:
    """The event that a message of the channel layer carries, once. Raises Unacceptable."""
    now = time.time()
    note = sealed_note(message)
    event_type = registry.types.get(note.type)
    if event_type is None or not event_type.active or not event_type.ephemeral:
        raise Unacceptable("its type is not an active ephemeral one, as far as this process knows")
    if len(note.data) > MAX_DATA:
        raise Unacceptable(f"its payload is longer than {MAX_DATA:,} bytes")
    if arrivals.is_late(note, now):
        raise Unacceptable(f"it was sent {now - note.sent_at:,.0f} s ago, by the clocks of sender and receiver")
    entry = EphemeralEntry(note)
    check(entry.payload, event_type)
    if not arrivals.is_new(note, now):
        raise Unacceptable("it has come before")
    return entry


def sealed_note(message: Mapping[str, Any]) -> Note:
    note = opened_note(message)
    if note is None:
        raise Unacceptable("no process of this installation has sealed it")
    return note


def check(payload: Mapping[str, Any], event_type: EventType) -> None:
    """As the sender did, which may have known another registry."""
    severity = payload.get("severity")
    if severity not in event_type.severities:
        raise Unacceptable(f"{shown(severity)} is not a severity of {event_type.id}")
    if event_type.payload_check == "reject" and (problems := event_type.check(payload)):
        raise Unacceptable(f"{problems[0].field}: {problems[0].problem}")


def payload(data: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unacceptable("its payload is not a JSON object") from None
