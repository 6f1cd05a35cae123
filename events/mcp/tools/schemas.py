"""How much a change of a tool's schema matters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

TEXTS = ("description", "title", "$comment", "examples", "default", "const")  # what a model reads as words


def only_adds_options(old: Any, new: Any) -> bool:
    """Say whether the new schema only has optional parameters more."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    had, has = old.get("properties", {}), new.get("properties", {})
    if not isinstance(had, dict) or not isinstance(has, dict) or len(has) <= len(had):
        return False
    required = new.get("required", [])
    if not isinstance(required, list) or any(name in required for name in has.keys() - had.keys()):
        return False
    rest = {name: each for name, each in new.items() if name != "properties"}
    kept = {name: each for name, each in has.items() if name in had}
    return rest == {name: each for name, each in old.items() if name != "properties"} and kept == had


def has_new_texts(old: Any, new: Any) -> bool:
    """Say whether the new schema has words that the old one has not."""
    return bool(Counter(words_in(new)) - Counter(words_in(old)))


def words_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, each in schema.items():
            if name in TEXTS and isinstance(each, str | list):
                yield from [str(one) for one in each] if isinstance(each, list) else [each]
            else:
                yield from words_in(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from words_in(each)
