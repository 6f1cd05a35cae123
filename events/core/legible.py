"""Text from outside (payloads, names, labels) as it is shown: nothing in it steers what shows it, or the direction of
the words around it.

The page has the same rule in legible.js; `tests/js/legible.json` holds both to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

# Escape sequences, line breaks, and changes of direction.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # the others, JSON itself escapes
PLACEHOLDER = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")

LONGEST_MEMBER = 60  # characters of a member that is not text
LONGEST_LINE = 400  # characters; what is longer stands in the payload


class Piece(NamedTuple):
    """A part of a summary line: the admin's words, or what a member of the payload says."""

    text: str
    is_member: bool


def legible(text: str) -> str:
    """Return the text with each such character replaced by U+FFFD."""
    return UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def legible_json(text: str) -> str:
    """Return the same JSON, in which such characters are escaped."""
    return UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def line(template: str, data: Mapping[str, Any]) -> list[Piece]:
    """Return a summary line of at most LONGEST_LINE characters; a member that is missing shows as `?`."""
    pieces = []
    for place, part in enumerate(PLACEHOLDER.split(template)):
        is_member = place % 2 == 1
        text = member_text(data.get(part)) if is_member else part
        pieces.append(Piece(legible(text[: LONGEST_LINE + 1]), is_member))
    return cut_pieces([piece for piece in pieces if piece.text])


def cut_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    if sum(len(piece.text) for piece in pieces) <= LONGEST_LINE:
        return list(pieces)
    kept: list[Piece] = []
    room = LONGEST_LINE
    for piece, is_last in zip(pieces, [*[False] * (len(pieces) - 1), True], strict=True):
        if len(piece.text) + (not is_last) > room:
            return [*kept, piece._replace(text=f"{piece.text[: room - 1]}…")]
        kept.append(piece)
        room -= len(piece.text)
    return kept


def member_text(member: object) -> str:
    if member is None:
        return "?"
    return member if isinstance(member, str) else cut(msgspec.json.encode(member).decode(), LONGEST_MEMBER)
