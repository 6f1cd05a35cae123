"""Messages to clients: their text, and the bytes that a transport writes, which are the same for all who get them."""

from __future__ import annotations

from collections.abc import Sequence

from subscriptions.outbox.event_stream import block_of, chunk_of

TEXT = 0x81  # the first byte of a WebSocket frame: a whole message, text

# The bytes for WebSockets, and the chunks for event streams, are made when the first connection asks for them. Until
# then `websocket` is empty, so it is read by `frames.websocket or frames.as_websocket()`, and `chunk` likewise. That
# costs each delivery 8 ns more than an attribute by itself; a property would cost 70.


class Frame:
    """One message."""

    __slots__ = ("chunk", "text", "websocket")

    def __init__(self, text: str) -> None:
        self.text = text
        self.websocket = self.chunk = b""

    def __len__(self) -> int:
        """Return characters."""
        return len(self.text)

    @property
    def each(self) -> Sequence[Frame]:
        """Return the messages, as `Frames` has them."""
        return (self,)

    def as_websocket(self) -> bytes:
        """Make the WebSocket frame, keep it and return it."""
        self.websocket = websocket_frame(self.text)
        return self.websocket

    def as_chunk(self) -> bytes:
        """Make the chunk of an event stream, keep it and return it."""
        self.chunk = chunk_of(block_of(self.text))
        return self.chunk


class Frames:
    """Messages that follow each other, and are written at once."""

    __slots__ = ("chunk", "each", "websocket")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.each = frames
        self.websocket = self.chunk = b""

    def __len__(self) -> int:
        """Return characters."""
        return sum(map(len, self.each))

    def as_websocket(self) -> bytes:
        """Make the WebSocket frames, keep them and return them."""
        self.websocket = b"".join([frame.websocket or frame.as_websocket() for frame in self.each])
        return self.websocket

    def as_chunk(self) -> bytes:
        """Make the chunks of an event stream, keep them and return them."""
        self.chunk = b"".join([frame.chunk or frame.as_chunk() for frame in self.each])
        return self.chunk


def websocket_frame(text: str) -> bytes:
    """Return what a server writes: its frames are not masked."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 65536:
        return b"%c\x7e%b%b" % (TEXT, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (TEXT, size.to_bytes(8, "big"), payload)
