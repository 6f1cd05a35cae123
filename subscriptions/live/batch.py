"""A batch of events, and who gets them, until all are offered and written.

Events that follow each other often go to the same connections. These are joined once and cost each connection
one write, as a single event does.
"""

from __future__ import annotations

import logging
from time import perf_counter

from events.measuring.measures import EVENTS_DELIVERED, FAN_OUT
from subscriptions.clients.connection import Connection
from subscriptions.matching.subscribers import Hits
from subscriptions.outbox.frames import Frame, Frames
from subscriptions.protocol.endings import Ending
from subscriptions.recent.entries import Entry

logger = logging.getLogger(__name__)

MAX_OFFERS = 20_000  # to outboxes, about 20 ms of the loop
CANNOT_WRITE = "A connection cannot be written to; it is closed, and may resume."
MAX_CHARACTERS = 128 * 1024  # for one connection, before its writer gets its turn: far below an outbox's bounds


class SameRecipients:
    """Events that follow each other and have the same hits."""

    __slots__ = ("entries", "hits")

    def __init__(self, entry: Entry, hits: Hits[Connection]) -> None:
        self.entries = [entry]
        self.hits = hits

    @property
    def frames(self) -> Frame | Frames:
        return self.entries[0].frame if len(self.entries) == 1 else Frames([entry.frame for entry in self.entries])

    def frames_after(self, position: float) -> Frames:
        return Frames([entry.frame for entry in self.entries if entry.position > position])

    def delivered(self, connections: int) -> None:
        """Count the events as sent to so many connections. One that had some of them is counted for all."""
        for entry in self.entries:
            EVENTS_DELIVERED.add(connections, entry.type)


class Batch:
    def __init__(self) -> None:
        self._parts: list[SameRecipients] = []
        self._offers = 0
        self._characters = 0

    @property
    def is_full(self) -> bool:
        return self._offers > MAX_OFFERS or self._characters > MAX_CHARACTERS

    def add(self, entry: Entry, hits: Hits[Connection]) -> None:
        """Take the next event. Raises what encoding it raises, and has not taken it then."""
        characters = len(entry.frame)
        if self._parts and self._parts[-1].hits.are(hits):
            self._parts[-1].entries.append(entry)
        else:
            self._parts.append(SameRecipients(entry, hits))
            self._offers += len(hits)
        self._characters += characters

    def deliver(self) -> None:
        """Write to each connection what it asks for and has not had."""
        if not self._parts:
            return
        began = perf_counter()
        if len(self._parts) == 1:
            deliver(self._parts[0])
        else:
            offered: set[Connection] = set()
            for same in self._parts:
                offer(same, offered)
            for connection in offered:
                try:
                    connection.outbox.flush()
                except Exception:
                    logger.exception(CANNOT_WRITE)
                    connection.outbox.close(Ending.INTERNAL_ERROR)
        FAN_OUT.observe(perf_counter() - began)


# A connection that several of the filters belong to comes several times: `sent_up_to`, raised at the first, keeps it
# out at the others. So it does for a connection that catches up, where it is infinite.
#
# What fails at one connection must not cost the others their events.


def deliver(same: SameRecipients) -> None:
    first, last = same.entries[0].position, same.entries[-1].position
    frames = same.frames
    connections, skipped = same.hits.each(), 0
    for connection in connections:
        sent_up_to = connection.sent_up_to
        if sent_up_to < last:
            connection.sent_up_to = last
            try:
                connection.outbox.send(frames if sent_up_to < first else same.frames_after(sent_up_to))
            except Exception:
                logger.exception(CANNOT_WRITE)
                connection.outbox.close(Ending.INTERNAL_ERROR)
        else:
            skipped += 1
    same.delivered(len(connections) - skipped)


def offer(same: SameRecipients, offered: set[Connection]) -> None:
    first, last = same.entries[0].position, same.entries[-1].position
    frames = same.frames
    connections, skipped = same.hits.each(), 0
    for connection in connections:
        sent_up_to = connection.sent_up_to
        if sent_up_to < last:
            connection.sent_up_to = last
            connection.outbox.offer(frames if sent_up_to < first else same.frames_after(sent_up_to))
            offered.add(connection)
        else:
            skipped += 1
    same.delivered(len(connections) - skipped)
