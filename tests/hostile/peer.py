"""A peer on a bare socket, which sends what it likes and notes what it gets. Imports little but the standard library:
each attack is a process of its own, so that it takes no time from those who watch."""

from __future__ import annotations

import select
import socket
import time

from tests.waiting import WITHIN_S

HANDSHAKE = (
    "GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
)
KEPT = 1_000  # bytes from the beginning and to the end of what has come


class Peer:
    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WITHIN_S)
        self.socket.connect(("127.0.0.1", port))
        self.began = self.ended = b""  # of what has come
        self.is_open = True
        self.sent = 0

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_open = False

    def handshake(self, token: str, more: str = "") -> None:
        self.send(handshake(token, more))
        while b"\r\n\r\n" not in self.began and self.read(WITHIN_S):
            pass

    def read(self, within: float) -> bool:
        """Whether something came."""
        if not self.is_open or not select.select([self.socket], [], [], within)[0]:
            return False
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        self.is_open = bool(data)
        self.began = (self.began + data)[:KEPT]
        self.ended = (self.ended + data)[-KEPT:]
        return bool(data)

    def flood(self, data: bytes, seconds: float) -> None:
        """Send this over and over, reading what comes, until the time is over or the connection is."""
        until, rest = time.monotonic() + seconds, memoryview(data)
        self.socket.setblocking(False)
        while self.is_open and time.monotonic() < until:
            readable, writable, _ = select.select([self.socket], [self.socket], [], 0.05)
            if readable and not self.read(0):
                break
            if writable:
                try:
                    sent = self.socket.send(rest)
                except BlockingIOError:
                    continue
                except OSError:
                    break
                self.sent += sent
                rest = rest[sent:] or memoryview(data)
        self.socket.setblocking(True)

    def is_reset(self, within: float) -> bool:
        """Wait, reading nothing, until the connection has ended."""
        poll = select.poll()
        poll.register(self.socket, 0)  # errors and hang-ups alone
        return bool(poll.poll(within * 1000))

    def outcome(self, within: float = WITHIN_S) -> str:
        """What the server has said at last, once it has closed; `open` when it has not within so many seconds."""
        until = time.monotonic() + within
        while self.is_open and time.monotonic() < until:
            self.read(0.1)
        said = said_in(self.began, self.ended)
        return f"{said}, open" if self.is_open else said


def handshake(token: str, more: str = "") -> bytes:
    return HANDSHAKE.format(more=f"Authorization: Bearer {token}\r\n{more}").encode()


def said_in(began: bytes, ended: bytes) -> str:
    """The code of the Close behind all else, or the status and the sentence of an answer."""
    head, _, body = began.decode("latin-1").partition("\r\n\r\n")
    status = head.partition("\r\n")[0].removeprefix("HTTP/1.1 ")
    if not status.startswith("101"):
        return f"{status}: {body[:200]}" if status else "nothing"
    for at in range(len(ended) - 4, -1, -1):
        if ended[at] == 0x88 and at + 2 + ended[at + 1] == len(ended):
            return f"close {int.from_bytes(ended[at + 2 : at + 4])} {ended[at + 4 :].decode('latin-1')}"
    return "101, no close"


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0) -> bytes:
    """Masked with zeros."""
    first = (0x80 if final else 0) | reserved | opcode
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2)
    return bytes([first]) + length + bytes(4) + payload
