"""What one kind of stream adds to all of them: how it is asked for, and how it says what there is to say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from subscriptions.outbox.frames import Frame
from subscriptions.protocol.commands import Subscribe
from subscriptions.protocol.endings import Ending
from subscriptions.transports.http_stream.refused import Refused

Headers = Sequence[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """An answer that is no stream."""

    status: int
    headers: Headers  # but for the length
    body: bytes


class Form(Protocol):
    """One request for a stream of some kind."""

    writes_blocks: bool  # of `outbox.event_stream` alone, which are made once for all clients
    is_of_agents: bool  # so that tokens for agents alone are taken

    @property
    def headers(self) -> Headers:
        """Return the headers of the answer, once it begins."""

    def command(self) -> Subscribe:
        """Return what is asked for. Raises Refusal."""

    def encode(self, frame: Frame) -> bytes:
        """Return what is written for a message; nothing for one that such a client is not told."""

    def chunk(self, frame: Frame) -> bytes:
        """Return the same as chunks of HTTP/1.1."""

    def last_words(self, ending: Ending) -> bytes:
        """Return what is written when the server ends the stream."""

    def refuse(self, refused: Refused) -> Answer:
        """Return the answer to a request that gets no stream."""
