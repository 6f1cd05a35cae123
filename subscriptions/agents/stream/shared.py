"""What is the same of a message for all streams that get it, made once."""

from __future__ import annotations

import functools
import secrets
from typing import NamedTuple

import msgspec

from events.core.event_types import RESERVED_WORDS
from events.core.moment import parse_moment
from subscriptions.outbox.event_stream import chunk_of, data_of

MAX_KEPT = 64  # messages: all streams get one before the next, and a payload may have 64 KiB


class Said(msgspec.Struct):
    """A message of our own protocol."""

    type: str
    id: str | None = None
    position: str | None = None
    timestamp: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")
    complete: bool = True
    reason: str = ""


class SharedEvent(NamedTuple):
    """`head` are the lines of an event's notification, up to what names the stream; `chunk` is the same as a chunk of
    HTTP/1.1."""

    id: str | None
    at: float  # seconds since 1970
    head: bytes
    chunk: bytes


@functools.lru_cache(maxsize=MAX_KEPT)
def read(text: str) -> SharedEvent | Said:
    """Return an event, or any other message as it is."""
    said = msgspec.json.decode(text, type=Said)
    if said.type in RESERVED_WORDS:
        return said
    occurrence = {
        "eventId": said.id or secrets.token_hex(16),  # what is never logged has none
        "name": said.type,
        "timestamp": said.timestamp,
        "data": said.data,
        "cursor": said.id,
    }
    params = msgspec.json.encode(occurrence).decode().removesuffix("}")
    line = data_of(f'{{"jsonrpc":"2.0","method":"notifications/events/event","params":{params},"_meta":')
    head = line.removesuffix("\n").encode()
    return SharedEvent(said.id, parse_moment(said.timestamp).first.timestamp(), head, chunk_of(head))


def tail(subscription: dict[str, str | int]) -> bytes:
    """Return how the notification of each event ends on a stream: with the name of the stream, and an empty line."""
    (name,) = data_of(msgspec.json.encode(subscription).decode()).splitlines()
    return f"{name.removeprefix('data: ')}}}}}\n\n".encode()
