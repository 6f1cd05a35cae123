"""Messages to clients: as text, and as the bytes of their WebSocket frames, which are the same for all."""

from __future__ import annotations

from collections.abc import Sequence

TEXT = 0x81  # the first byte: a whole message, text


class Frame:
    """One message."""

    __slots__ = ("text", "wire")

    def __init__(self, text: str) -> None:
        self.text = text
        self.wire = wire(text)

    def __len__(self) -> int:
        """Characters."""
        return len(self.text)

    @property
    def texts(self) -> Sequence[str]:
        return (self.text,)


class Frames:
    """Messages that follow each other, and are written at once."""

    __slots__ = ("_frames", "wire")

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self.wire = b"".join([frame.wire for frame in frames])

    def __len__(self) -> int:
        """Characters."""
        return sum(map(len, self._frames))

    @property
    def texts(self) -> Sequence[str]:
        return [frame.text for frame in self._frames]


def wire(text: str) -> bytes:
    """What a server writes: its frames are not masked."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((TEXT, size)) + payload
    if size < 65536:
        return b"%c\x7e%b%b" % (TEXT, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (TEXT, size.to_bytes(8, "big"), payload)
