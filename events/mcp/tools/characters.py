"""Characters that people do not see and models read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Controls, formats (zero width, directions, tags), variation selectors, fillers, blanks that look like spaces.
# Not the selector U+FE0F, which makes an emoji of a sign.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ue000-\uf8ff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
JOINED = re.compile(
    "(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)  # of emoji


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, names of members too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def invisible(value: Any) -> int:
    """Return how many such characters are in a value."""
    return sum(
        len(INVISIBLE.findall(JOINED.sub("", text)))
        for text in texts(value)
        if not (text.isascii() and text.isprintable())
    )
