"""A channel layer for doorbells that the test reads."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from events.notify import doorbell
from events.notify.signed_batch import verified_ephemeral
from tests.waiting import WITHIN_S


class Layer:
    """A channel layer that takes each message when it is let."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.broken = False
        self.broken_group = ""
        self.hanging_group = ""  # while it is not let, messages to others are taken if there is one
        self.asked = 0  # how many messages it has been asked to take
        self.messages: list[dict[str, Any]] = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.asked += 1
        if self.hanging_group in ("", group):
            await asyncio.to_thread(self.open.wait)
        if self.broken or group == self.broken_group:
            raise ConnectionError("away")
        self.messages.append(message)

    def all_sent(self) -> bool:
        """Wait until all that has been rung is sent or lost, longer than a process does at its end."""
        return doorbell.flush(WITHIN_S)

    @property
    def payloads(self) -> list[str]:
        notes = [verified_ephemeral(message) for message in self.messages if message["type"] == doorbell.EVENT]
        return [ephemeral_message.data for ephemeral_message in notes if ephemeral_message]
