"""Text from outside as HTML: legible, and kept apart from the direction of the words around it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.core.legible import Piece, legible


def outside(text: object) -> SafeString | str:
    """Return one line of text, as it may be shown."""
    return format_html("<bdi>{}</bdi>", legible(str(text))) if text else ""


def outside_lines(text: str) -> SafeString:
    """Return text that may have several lines, with line breaks as such, as it may be shown."""
    return format_html("<bdi>{}</bdi>", "\n".join(legible(line) for line in text.splitlines()))


def summary(pieces: Iterable[Piece]) -> SafeString:
    """Return a summary line, in which only the payload's members come from outside."""
    return format_html_join("", "{}", ((outside(text) if is_member else text,) for text, is_member in pieces))
