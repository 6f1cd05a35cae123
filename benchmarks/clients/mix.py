"""One stream of small events, which all get, of large ones, which those get who ask for everything, and of seldom ones.

They are numbered through, and a number tells the payload, so that each can be checked.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from benchmarks.bench.workload import EVENT_TYPE, SELDOM, SELDOM_SERVER, mixed_data
from benchmarks.clients.feed import Wrong


class Asked(NamedTuple):
    """One of `every` events, and the filters that ask for just these."""

    every: int
    filters: dict[str, Any]

    def first_from(self, number: int) -> int:
        return number + (1 - number) % self.every

    @property
    def subscription(self) -> dict[str, Any]:
        return {"event_types": [EVENT_TYPE], "filters": self.filters}


EVERYTHING = Asked(1, {})
SELDOM_ONES = Asked(SELDOM, {"mcp_names": [SELDOM_SERVER]})


class Event(msgspec.Struct):
    id: str
    data: dict[str, Any]


decoder = msgspec.json.Decoder(Event)


class Had(NamedTuple):
    text: bytes
    position: str


class Mix:
    """The first client that gets an event has it checked in full; every other one is compared with that."""

    def __init__(self) -> None:
        self._had: dict[int, Had] = {}  # by number

    def position(self, number: int, text: bytes) -> str:
        """That of the event with this number. Raises Wrong when this is not its message."""
        had = self._had.get(number)
        if had is None:
            event = decoder.decode(text)
            if event.data == mixed_data(number):
                had = self._had[number] = Had(text, event.id)
        if had is None or had.text != text:
            raise Wrong(f"lost, doubled or changed: {text[:100]!r} came where event {number} of the mix was due")
        return had.position
