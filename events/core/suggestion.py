"""What somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_LENGTH = 200  # characters of an unknown word that are looked at; the cost grows with their square


def similar(word: str, words: Iterable[str], most: int = 3) -> list[str]:
    """Return the words most like `word`, best first; case does not count."""
    by_folded = {each.casefold(): each for each in words}
    return [by_folded[match] for match in get_close_matches(word[:MAX_LENGTH].casefold(), by_folded, most)]


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return a question that follows an unknown word in a sentence; empty when nothing is like the word."""
    found = similar(word, words, most=1)
    return f" (did you mean “{found[0]}”?)" if found else ""


def is_slip(written: str, meant: str) -> bool:
    """Return whether one letter too many, too few, wrong, or two exchanged make the difference, or only case."""
    a, b = written.casefold(), meant.casefold()
    first = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[first:], b[first:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
