"""JSON that others wrote: read as RFC 8259 has it, and what is wrong with it in words."""

from __future__ import annotations

import codecs
import re
from typing import Any

import msgspec

OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
GZIP = b"\x1f\x8b"
HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# Pairs and other escapes are skipped, so that \\ud800 behind an escaped backslash is no surrogate.
ESCAPES = re.compile(rb"%s%s|(?P<lone>%s|%s)|\\." % (HIGH, LOW, HIGH, LOW), re.DOTALL)


class NotJson(ValueError):
    """Bytes that are no JSON; the message is a sentence without its end, and names what is allowed."""


def decode(body: bytes, type: Any = Any) -> Any:
    """Decode JSON; a byte order mark of UTF-8 is skipped. Raises NotJson, and RecursionError for what is nested very
    deep."""
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise NotJson(what_is_wrong(body, error)) from None


def what_is_wrong(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "it is empty"
    if body.startswith(GZIP):
        return "it is compressed; send it as it is"
    for mark, name in OTHER_ENCODINGS:
        if body.startswith(mark):
            return f"it is {name}; JSON is sent as UTF-8"
    if b"\0" in body[:4]:
        return "it has null bytes, as UTF-16 and UTF-32 have; JSON is sent as UTF-8"
    try:
        body.decode()
    except UnicodeDecodeError as broken:
        return f"byte {broken.start} (0x{body[broken.start]:02x}) is not UTF-8, in which JSON is sent"
    lone = next((escape["lone"] for escape in ESCAPES.finditer(body) if escape["lone"]), None)
    if lone is not None:
        return f"{lone.decode()} is half of a character (a lone surrogate); allowed are both halves, or the character"
    return str(error)
