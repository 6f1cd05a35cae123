"""Events of ephemeral types as they come through the channel layer, to which others may write, too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from events.broadcast import MAX_DATA
from events.registry import EventType, Registry
from subscriptions import protocol
from subscriptions.frame import Frame


class Unacceptable(Exception):
    """A message is not an event that this process may deliver."""


class EphemeralEntry:
    """Matched and encoded like an entry of the log, whose position it lacks."""

    def __init__(self, event_type: EventType, timestamp: datetime, data: str) -> None:
        self.type = event_type.id
        self._timestamp = timestamp
        self._data = data
        self.payload = payload(data)

    @cached_property
    def frame(self) -> Frame:
        return Frame(protocol.event(self.type, None, self._timestamp, self._data))


def received(message: Mapping[str, Any], registry: Registry) -> EphemeralEntry:
    """The event that a message of the channel layer carries. Raises Unacceptable."""
    id, data, timestamp = message.get("event_type"), message.get("data"), message.get("timestamp")
    event_type = registry.types.get(id) if isinstance(id, str) else None
    if event_type is None or not event_type.active or not event_type.ephemeral:
        raise Unacceptable("its type is not an active ephemeral one, as far as this process knows")
    if not isinstance(data, str) or len(data) > MAX_DATA:
        raise Unacceptable(f"its payload is not a text of at most {MAX_DATA:,} bytes")
    return EphemeralEntry(event_type, utc(timestamp), data)


def payload(data: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Unacceptable("its payload is not a JSON object") from None


def utc(timestamp: object) -> datetime:
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unacceptable("its timestamp is not one") from None
