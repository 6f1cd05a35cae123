"""One logged event on its way to many connections."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from events.core.position import position_id
from events.core.records import LoggedEvent
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import messages


class Entry:
    """A logged event on its way out. It is decoded and encoded at most once, for all who get it."""

    def __init__(self, event: LoggedEvent, epoch: str) -> None:
        self._event = event
        self._epoch = epoch
        self.position = event.position
        self.type = event.type

    def __len__(self) -> int:
        return len(self._event.data)

    @cached_property
    def payload(self) -> dict[str, Any]:
        return msgspec.json.decode(self._event.data, type=dict[str, Any])

    @cached_property
    def frame(self) -> Frame:
        id = position_id(self._epoch, self.position)
        return Frame(messages.event(self.type, id, self._event.timestamp, self._event.data))
