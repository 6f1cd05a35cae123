"""Events of ephemeral types as they come through the channel layer, to which others may write, too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from functools import cached_property
from typing import Any

import msgspec

from events.core.event_types import EventType, Registry
from events.core.problems import shown
from events.notify.signed_batch import EphemeralMessage, verified_ephemeral
from events.validation import MAX_DATA
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import messages
from subscriptions.recent.arrivals import Arrivals


class Unacceptable(Exception):
    """A message is not an event that this process may deliver."""


class EphemeralEntry:
    """Matched and encoded like an entry of the log, whose position it lacks."""

    def __init__(self, event: EphemeralMessage) -> None:
        self.type = event.type
        self._timestamp = event.timestamp.astimezone(UTC)
        self._data = event.data
        self.payload = payload(event.data)

    @cached_property
    def frame(self) -> Frame:
        return Frame(messages.event(self.type, None, self._timestamp, self._data))


def received(message: Mapping[str, Any], registry: Registry, arrivals: Arrivals) -> EphemeralEntry:
    """Return the event that a message of the channel layer carries, once. Raises Unacceptable."""
    now = time.time()
    event = verified_event(message)
    event_type = registry.types.get(event.type)
    if event_type is None or not event_type.active or not event_type.ephemeral:
        raise Unacceptable("its type is not an active ephemeral one, as far as this process knows")
    if len(event.data) > MAX_DATA:
        raise Unacceptable(f"its payload is longer than {MAX_DATA:,} bytes")
    if arrivals.is_late(event, now):
        raise Unacceptable(f"it was sent {now - event.sent_at:,.0f} s ago, by the clocks of sender and receiver")
    entry = EphemeralEntry(event)
    check(entry.payload, event_type)
    if not arrivals.is_new(event, now):
        raise Unacceptable("it has come before")
    return entry


def verified_event(message: Mapping[str, Any]) -> EphemeralMessage:
    event = verified_ephemeral(message)
    if event is None:
        raise Unacceptable("no process of this installation has signed it")
    return event


def check(payload: Mapping[str, Any], event_type: EventType) -> None:
    """Check it as the sender did, which may have known another registry. Raises Unacceptable."""
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
