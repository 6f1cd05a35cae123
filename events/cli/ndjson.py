"""JSON lines from a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

CHUNK = 64 * 1024  # bytes read at once
MAX_LINE = 1024 * 1024  # bytes; no event is that large


class Pipe(Protocol):
    def read1(self, size: int, /) -> bytes:
        """Return what is there, at most `size` bytes; empty only at the end."""


class Line(NamedTuple):
    number: int
    text: bytes


class LineTooLong(ValueError):
    pass


def available(stream: Pipe, most: int) -> Iterator[list[Line]]:
    """Yield the lines that are not blank, in batches of those that are there: each line at once of a pipe that
    trickles, up to `most` together of one that floods. Raises LineTooLong."""
    number, rest, ended = 0, b"", False
    while not ended:
        chunk = stream.read1(CHUNK)
        ended = not chunk
        *whole, rest = (rest + (chunk or b"\n")).split(b"\n")
        lines = [Line(number + place, text) for place, text in enumerate(whole, 1) if text.strip()]
        for first in range(0, len(lines), most):
            yield lines[first : first + most]
        number += len(whole)
        if len(rest) > MAX_LINE:
            raise LineTooLong(f"Line {number + 1} is longer than {MAX_LINE:,} bytes.")
