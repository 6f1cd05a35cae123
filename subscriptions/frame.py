"""One message to clients: as text, and as the bytes of the WebSocket frame, which are the same for all."""

from __future__ import annotations

from functools import cached_property

TEXT = 0x81  # the first byte: a whole message, text


class Frame:
    def __init__(self, text: str) -> None:
        self.text = text

    def __len__(self) -> int:
        return len(self.text)

    @cached_property
    def wire(self) -> bytes:
        """What a server writes: its frames are not masked."""
        payload = self.text.encode()
        size = len(payload)
        if size < 126:
            return bytes((TEXT, size)) + payload
        if size < 65536:
            return b"%c\x7e%b%b" % (TEXT, size.to_bytes(2, "big"), payload)
        return b"%c\x7f%b%b" % (TEXT, size.to_bytes(8, "big"), payload)
