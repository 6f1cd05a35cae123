"""The one stream of messages that all sockets of a load client must get, byte for byte, and who has got how far."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable

import msgspec


class Wrong(Exception):
    """A socket got something that it should not have got, or missed something."""


class Data(msgspec.Struct):
    n: int


class Message(msgspec.Struct):
    data: Data


class Notification(msgspec.Struct):
    params: Message


decoder, notification_decoder = msgspec.json.Decoder(Message), msgspec.json.Decoder(Notification)


def number_of_message(text: bytes) -> int:
    return decoder.decode(text).data.n


def number_of_notification(chunks: bytes) -> int:
    """The same of an event as agents get it: a line in two chunks."""
    head, _, rest = chunks.removeprefix(b"data: ").partition(b"\r\n")
    return notification_decoder.decode(head + rest.partition(b"\r\n")[2]).params.data.n


class Feed:
    """The first socket that gets a message has it checked in full; every other one is compared with that."""

    def __init__(self, sockets: int, number_of: Callable[[bytes], int] = number_of_message) -> None:
        self._number_of = number_of
        self.bytes = bytearray()
        self.ends = [0]  # offset behind each message; the first is that of none
        self.messages_at = {0: 0}  # offset behind a message → messages up to there
        self.expected = 0  # messages that have been announced
        self.all_had = [0.0]  # by number of messages: when the last socket had them (`time.monotonic`)
        self.complete = asyncio.Event()
        self._sockets_at = Counter({0: sockets})  # number of messages → sockets that have just so many

    def expect(self, count: int) -> None:
        self.expected += count
        self.complete.clear()

    def start_of_message(self, offset: int) -> int:
        return self.ends[bisect_right(self.ends, offset) - 1]

    def take(self, offset: int, frame: bytes, text: bytes) -> int:
        """Check the message that a socket has got at this offset of the stream; the offset behind it."""
        if offset < len(self.bytes):
            if not self.bytes.startswith(frame, offset):
                raise Wrong(
                    f"lost, doubled or changed: {text!r} is not message {self.messages_at[offset]} of the others"
                )
            return offset + len(frame)
        number = self._number_of(text)
        wanted = len(self.ends) - 1
        if number != wanted:
            raise Wrong(f"event {number} came where event {wanted} was due")
        if wanted >= self.expected:
            raise Wrong(f"event {number} came and only {self.expected} were broadcast")
        self.bytes += frame
        self.ends.append(len(self.bytes))
        self.messages_at[len(self.bytes)] = wanted + 1
        return len(self.bytes)

    def moved(self, before: int, now: int) -> None:
        """A socket that had `before` messages has `now`."""
        sockets_at = self._sockets_at
        sockets_at[now] += 1
        sockets_at[before] -= 1
        if sockets_at[before]:
            return
        del sockets_at[before]
        had = min(sockets_at)
        if had >= len(self.all_had):
            self.all_had.extend([time.monotonic()] * (had + 1 - len(self.all_had)))
        if had == self.expected:
            self.complete.set()

    def behind(self) -> str:
        lacking = sum(count for had, count in self._sockets_at.items() if had < self.expected)
        slowest = min(self._sockets_at)
        return f"{lacking} sockets lack events; the slowest has {slowest} of {self.expected}"
