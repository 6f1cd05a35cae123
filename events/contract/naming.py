"""Names of types and remarks in generated code, whatever an admin has written."""

from __future__ import annotations

from collections.abc import Iterable

from events.core.legible import legible


def type_names(ids: Iterable[str], reserved: Iterable[str]) -> dict[str, str]:
    """Return a name for each event type: `user_login` is UserLogin. Two that would be alike differ by a `_`."""
    names: dict[str, str] = {}
    taken = set(reserved)
    for id in ids:
        name = "".join(part.capitalize() for part in id.split("_"))
        while name in taken:
            name += "_"
        taken.add(name)
        names[id] = name
    return names


def remark(text: str) -> str:
    """Return a text as one line that ends no comment."""
    return " ".join(legible(text).split()).replace("*/", "* /")
