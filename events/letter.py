"""What a doorbell carries besides its ring: the events themselves, for whoever has all that came before them.

A letter is a cache of the log and counts as much, so it is sealed with the installation's secret key: whoever else can
write to the channel layer can ring, and not more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

SEAL_BYTES = 16


class LoggedEvent(NamedTuple):
    position: int
    type: str
    timestamp: datetime
    data: str


class Letter(NamedTuple):
    """Events that were placed, by their order, in the log of this epoch."""

    epoch: str
    events: Sequence[LoggedEvent]


_decoder = msgspec.msgpack.Decoder(tuple[str, list[LoggedEvent]])


def sealed(letter: Letter) -> dict[str, bytes]:
    """The members of a channel-layer message that carry it."""
    text = msgspec.msgpack.encode(letter)
    return {"letter": text, "seal": seal(text)}


def opened(message: Mapping[str, Any]) -> Letter | None:
    """The letter in a message; None if there is none that one of our processes has sealed."""
    text, given = message.get("letter"), message.get("seal")
    if not isinstance(text, bytes) or not isinstance(given, bytes) or not hmac.compare_digest(seal(text), given):
        return None
    return Letter(*_decoder.decode(text))


def seal(text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key(settings.SECRET_KEY), digest_size=SEAL_BYTES).digest()


@cache
def key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), person=b"eventhub.letter").digest()
