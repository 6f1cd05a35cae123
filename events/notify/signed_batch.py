"""The events that a doorbell carries: events that were just logged, for processes that have all earlier ones, and
events that are not logged. And outlines: which types the events of the log have, for processes that ask for few types.

A batch or an outline counts as much as the log, of which it is a cache. An event that is not logged has nothing else to
vouch for it. So all are signed with the installation's secret key. A stranger who can write to the channel layer can
ring, and no more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.conf import settings

from events.core.records import LoggedEvent

T = TypeVar("T")

SIGNATURE_BYTES = 16


class PlacedEvents(NamedTuple):
    """Events that were placed, by their order, in the log of this epoch."""

    epoch: str
    events: Sequence[LoggedEvent]

    def of_type(self, event_type: str) -> PlacedEvents:
        return PlacedEvents(self.epoch, [event for event in self.events if event.type == event_type])


def both(first: PlacedEvents | None, second: PlacedEvents | None) -> PlacedEvents | None:
    """Return what a ring in place of two carries: all events of both, or none."""
    if first is None or second is None or first.epoch != second.epoch:
        return None
    return PlacedEvents(first.epoch, [*first.events, *second.events])


class Outline(NamedTuple):
    """Positions that were given out in the log of this epoch, by the type of their events."""

    epoch: str
    positions: dict[str, list[int]]


class EphemeralMessage(NamedTuple):
    """An event that is not logged; `number` is the place among all that this sender sends, to be taken once."""

    sender: bytes
    number: int
    sent_at: float  # time.time()
    type: str
    timestamp: datetime
    data: str


_decoder = msgspec.msgpack.Decoder(tuple[str, list[LoggedEvent]])
_outline_decoder = msgspec.msgpack.Decoder(Outline)
_ephemeral_decoder = msgspec.msgpack.Decoder(EphemeralMessage)


def signed(carried: PlacedEvents | Outline | EphemeralMessage) -> dict[str, bytes]:
    """Return the members of a channel-layer message that carry it, with their signature."""
    text = msgspec.msgpack.encode(carried)
    return {"letter": text, "seal": signature_of(text)}


def verified(message: Mapping[str, Any]) -> PlacedEvents | None:
    """Return the events that a message carries; None if one of our processes has not signed any."""
    found = _decoded(message, _decoder)
    return found and PlacedEvents(*found)


def verified_outline(message: Mapping[str, Any]) -> Outline | None:
    """Return the same, of an outline."""
    return _decoded(message, _outline_decoder)


def verified_ephemeral(message: Mapping[str, Any]) -> EphemeralMessage | None:
    """Return the same, of an event that is not logged."""
    return _decoded(message, _ephemeral_decoder)


def _decoded(message: Mapping[str, Any], decoder: msgspec.msgpack.Decoder[T]) -> T | None:
    text, given = message.get("letter"), message.get("seal")
    if not isinstance(text, bytes) or not isinstance(given, bytes):
        return None
    if not hmac.compare_digest(signature_of(text), given):
        return None
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError:  # ours, but of the other kind
        return None


def signature_of(text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key(settings.SECRET_KEY), digest_size=SIGNATURE_BYTES).digest()


@cache
def key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), person=b"eventhub.letter").digest()
