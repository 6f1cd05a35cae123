"""Messages as blocks of an event stream (`text/event-stream`), as the HTML standard has them."""

from __future__ import annotations

import msgspec

from events.core.event_types import RESERVED_WORDS

# Of the standard they are none, but Python's `splitlines` breaks there, and with it many readers. In JSON they can only
# stand in strings, where an escape means the same.
TAKEN_FOR_LINE_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
GAP = "gap"  # the name of a replay's end that tells of a gap


class Head(msgspec.Struct):
    """What a block says besides the message."""

    type: str
    id: str = ""
    position: str = ""
    complete: bool = True


def block_of(text: str) -> bytes:
    """Return the block of a message. An event has no name, so that every client gets it by default; any other message
    has its type. Either has the position, from where a client resumes; a pong has nothing else, and raises no event."""
    head = msgspec.json.decode(text, type=Head)
    id = head.id or head.position
    place = f"id: {id}\n" if id else ""
    if head.type not in RESERVED_WORDS:
        return f"{place}{data_of(text)}\n".encode()
    if head.type == "pong":
        return f"{place}\n".encode()
    return named_block(head.type if head.complete else GAP, text, place)


def named_block(name: str, text: str, place: str = "") -> bytes:
    return f"event: {name}\n{place}{data_of(text)}\n".encode()


def data_of(text: str) -> str:
    """Return the lines for a text. JSON has line breaks only where a space could be, as an emitter may have written
    it."""
    if not text.isascii():
        text = text.translate(TAKEN_FOR_LINE_BREAKS)
    if "\n" not in text and "\r" not in text:
        return f"data: {text}\n"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"data: {line}\n" for line in lines)


def chunk_of(block: bytes) -> bytes:
    """Return a chunk of HTTP/1.1 that has this in it; none for nothing, which would be the end."""
    return b"%x\r\n%b\r\n" % (len(block), block) if block else b""
