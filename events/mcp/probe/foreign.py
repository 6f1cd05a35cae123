"""Text that came from a server: nobody knows what is in it, and everybody with an account may come to read it."""

from __future__ import annotations

import base64
import json
import unicodedata
from urllib.parse import quote

MAX_LENGTH = 300  # characters


def tamed(text: str, secret: str) -> str:
    """Return the text in one line, without what steers a terminal or the direction of writing, without the secret,
    and cut."""
    text = "".join(" " if character.isspace() else character for character in text if _is_shown(character))
    for form in _forms(secret):
        text = text.replace(form, "***")
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def _is_shown(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def hidden(secret: str) -> list[bytes]:
    """Return what must not stay in JSON that a server wrote: the secret, in each of its forms."""
    return [json.dumps(form, ensure_ascii=False)[1:-1].encode("utf-8", "replace") for form in _forms(secret)]


def _forms(secret: str) -> list[str]:
    """Return the forms in which a server might echo a secret. The longest comes first: it may contain the others."""
    if not secret:
        return []
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return sorted({secret, quote(secret), quote(secret, safe=""), encoded}, key=len, reverse=True)
