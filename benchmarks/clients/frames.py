"""WebSocket as a load client speaks it: handshake, frames sent, frames found in what has come."""

from __future__ import annotations

import base64
import os
from urllib.parse import urlsplit

from benchmarks.clients.feed import Wrong

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASK = bytes(4)  # a mask of zeros is allowed, and changes nothing


def handshake(url: str) -> bytes:
    """The request that opens a WebSocket there."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([opcode]) + length + MASK + payload


def frame_in(data: bytes, at: int) -> tuple[int, int, int] | None:
    """First byte of the frame that begins here, where its payload begins and ends; None while it is incomplete."""
    if len(data) < at + 4:
        short = len(data) >= at + 2 and len(data) >= at + 2 + data[at + 1] and data[at + 1] < 126
        return (data[at], at + 2, at + 2 + data[at + 1]) if short else None
    size, start = data[at + 1], at + 2
    if size == 126:
        size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
    elif size == 127:
        raise Wrong("a frame of 64 KiB or more came")
    return (data[at], start, start + size) if len(data) >= start + size else None
