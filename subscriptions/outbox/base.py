"""What every outbox promises, whatever carries the messages to the client."""

from __future__ import annotations

from typing import Protocol

from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending

MAX_UNSENT = 2 * 1024 * 1024  # characters or bytes; the hard cap of one connection
MAX_UNSENT_AT_BATCH = 1024 * 1024  # the same; a client that still has this to come when more arrives falls behind
MAX_STALL = 10.0  # seconds without anything taken by the client


class Outbox(Protocol):
    """What is on its way to one client. It keeps the order; only `room` and `stop` wait.

    A client that goes over a bound above is closed as too slow.
    """

    closing: bool  # nothing more is sent

    @property
    def unsent(self) -> int:
        """Return the characters or bytes that the client has not taken yet; what was offered and not flushed is among
        them."""

    @property
    def sent(self) -> int:
        """Return the characters or bytes that were given to the server for this client, for whoever watches."""

    def send(self, frames: Frame | Frames) -> None:
        """Do `offer` and `flush`."""

    def offer(self, frames: Frame | Frames) -> None:
        """Keep frames until `flush`. After `close` they are dropped."""

    def flush(self) -> None:
        """Begin to send what was offered."""

    async def room(self, size: int) -> None:
        """Wait while more than `size` characters or bytes are unsent, until the client reads on, or `closing`; yield at
        least once. What is unsent then may still be more."""

    def check_progress(self, now: float) -> int:
        """Close a client that has taken nothing for MAX_STALL seconds of the loop's time; return `unsent`."""

    def close(self, ending: Ending) -> None:
        """Drop what can be dropped, send nothing more, and tell the client why. A second time does nothing."""

    async def stop(self) -> None:
        """Drop everything: the client has gone. Return when nothing is written any more."""
