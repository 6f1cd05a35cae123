"""Server-sent events, as far as they carry messages."""

from __future__ import annotations

from collections.abc import Iterator

BOM = b"\xef\xbb\xbf"
RETRY_S = 1.0  # if the server says nothing of it


class EventStream:
    """Finds the data of each event that has some. Lines end with LF, CR or both, wherever the stream is cut.

    A server may end the stream before it has answered, and give the rest to whoever comes back after `retry_s` with the
    `last_id`.
    """

    def __init__(self) -> None:
        self.last_id = b""
        self.retry_s = RETRY_S
        self._line = bytearray()
        self._data: list[bytes] = []
        self._first_line = True
        self._after_cr = False

    def fed(self, piece: bytes) -> Iterator[bytes]:
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if piece:
            self._after_cr = piece.endswith(b"\r")
        *ended, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for end in ended:
            self._line += end
            line = bytes(self._line)
            self._line.clear()
            if self._first_line:
                line, self._first_line = line.removeprefix(BOM), False
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value)
            elif name == b"id":
                self.last_id = value.removeprefix(b" ")
            elif name == b"retry" and value.strip().isdigit():
                self.retry_s = int(value[:10]) / 1000
            elif not line and self._data:
                yield b"\n".join(self._data)
                self._data = []
        self._line += rest
