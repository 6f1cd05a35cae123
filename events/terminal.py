"""Text for terminals."""

from __future__ import annotations

import re

# Escape sequences and changes of direction: what an event's data says must not act on the terminal that shows it.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    return UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text).strip()
