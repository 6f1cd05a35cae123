"""What a doorbell carries besides its ring: the events themselves, for whoever has all that came before them, and
events that are not logged.

A letter is a cache of the log and counts as much, and an event that is not logged has nothing else to vouch for it. So
both are sealed with the installation's secret key: whoever else can write to the channel layer can ring, and not more.
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

SEAL_BYTES = 16


class Letter(NamedTuple):
    """Events that were placed, by their order, in the log of this epoch."""

    epoch: str
    events: Sequence[LoggedEvent]


class Note(NamedTuple):
    """An event that is not logged; `number` is the place among all that this sender sends, to be taken once."""

    sender: bytes
    number: int
    sent_at: float  # time.time()
    type: str
    timestamp: datetime
    data: str


_decoder = msgspec.msgpack.Decoder(tuple[str, list[LoggedEvent]])
_note_decoder = msgspec.msgpack.Decoder(Note)


def sealed(letter: Letter | Note) -> dict[str, bytes]:
    """The members of a channel-layer message that carry it."""
    text = msgspec.msgpack.encode(letter)
    return {"letter": text, "seal": seal(text)}


def opened(message: Mapping[str, Any]) -> Letter | None:
    """The letter in a message; None if there is none that one of our processes has sealed."""
    found = _decoded(message, _decoder)
    return found and Letter(*found)


def opened_note(message: Mapping[str, Any]) -> Note | None:
    """The same, of an event that is not logged."""
    return _decoded(message, _note_decoder)


def _decoded(message: Mapping[str, Any], decoder: msgspec.msgpack.Decoder[T]) -> T | None:
    text, given = message.get("letter"), message.get("seal")
    if not isinstance(text, bytes) or not isinstance(given, bytes) or not hmac.compare_digest(seal(text), given):
        return None
    try:
        return decoder.decode(text)
    except msgspec.MsgspecError:  # ours, but of the other kind
        return None


def seal(text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key(settings.SECRET_KEY), digest_size=SEAL_BYTES).digest()


@cache
def key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), person=b"eventhub.letter").digest()
