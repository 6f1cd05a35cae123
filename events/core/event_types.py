"""The frozen form of the registry: what admins edited, as code reads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from unicodedata import normalize

import msgspec

from events.core.legible import Piece, legible, line
from events.core.problems import Problem, shown
from events.core.values import is_number, json_text, scalars

SEVERITIES = ("info", "warning", "error", "critical")  # ascending

# The `type` of every message and the `action` of every command: an event type of that name would be ambiguous.
RESERVED_WORDS = frozenset(
    [
        "metadata",
        "subscribed",
        "unsubscribed",
        "subscriptions",
        "resumed",
        "replayed",
        "metadata_changed",
        "error",
        "pong",
        "get_metadata",
        "subscribe",
        "unsubscribe",
        "ping",
        "list_subscriptions",
        "update_subscription",
        "resume",
    ]
)


def folded(text: str) -> str:
    """Return the form in which texts compare: canonical caseless matching, so that neither case nor the way in which an
    accent is written (é as one character or as two) makes a difference. Compatibility forms, such as ﬁ and ², stay what
    case folding makes of them."""
    if text.isascii():  # nearly all, in a tenth of the time
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold())


def composed(text: str) -> str:
    """Return the text in one of the ways in which the same characters can be written."""
    return normalize("NFC", text)


class Option(msgspec.Struct, frozen=True):
    value: str
    label: str


class Field(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A filterable field. `live` options come and go while the server runs, so any string is accepted for them;
    `private` ones are shown to nobody who is not signed in."""

    name: str
    label: str
    type: str
    data_key: str
    operator: str
    options: tuple[Option, ...] = ()
    source: str = "static"  # of the options
    live: bool = False
    private: bool = False
    help_text: str = ""

    @property
    def is_number(self) -> bool:
        return self.type == "number"

    @cached_property
    def folded_options(self) -> frozenset[str] | None:
        """Return the values that a filter may ask for, folded; None means any."""
        return frozenset(folded(option.value) for option in self.options) if self.is_static else None

    @cached_property
    def composed_options(self) -> frozenset[str]:
        """Return the values that a payload may have, composed; where they are static."""
        return frozenset(composed(option.value) for option in self.options)

    @property
    def is_static(self) -> bool:
        return bool(self.options) and not self.live

    @property
    def allowed_values(self) -> str:
        return ", ".join(option.value for option in self.options)

    def check(self, member: object) -> str | None:
        """Return what is wrong with a payload's member under this field, or None."""
        if self.is_number:
            return None if is_number(member) else f"{shown(member)} is not a number"
        if isinstance(member, Mapping) or (isinstance(member, list) and len(list(scalars(member))) != len(member)):
            return f"{shown(member)} is neither a plain value nor a list of plain values"
        if self.is_static:
            for value in scalars(member):
                if composed(json_text(value)) not in self.composed_options:
                    return f"{shown(value)} is not an option; allowed: {self.allowed_values}"
        return None


class EventType(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    id: str
    category: str
    label: str
    description: str = ""
    icon: str = ""
    severities: tuple[str, ...] = ("info",)  # ascending, never empty
    summary: str = ""
    subject: str = ""  # the member that says what an event is about; empty: none does
    payload_check: str = "reject"
    restricted: bool = False  # only superusers and `groups` see it; else every signed-in user, if there are no groups
    groups: frozenset[int] = frozenset()  # ids
    external: bool = True
    active: bool = True
    ephemeral: bool = False  # never logged: delivered to whoever is connected
    fields: tuple[Field, ...] = ()

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name: field for field in self.fields}

    def field(self, name: str) -> Field | None:
        return self._by_name.get(name)

    def check(self, data: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with a payload. Only declared fields are checked; a missing (or null) member is
        allowed."""
        problems = []
        for field in self.fields:
            member = data.get(field.data_key)
            if member is not None and (problem := field.check(member)):
                problems.append(Problem(f"data.{field.data_key}", problem))
        return problems

    def summary_pieces(self, data: Mapping[str, Any]) -> list[Piece]:
        """Return the line that feed and command line show, in pieces. A member that is missing shows as `?`."""
        return line(self.summary, data) if self.summary else [Piece(legible(self.label), False)]

    def summarise(self, data: Mapping[str, Any]) -> str:
        """Return the line as text."""
        return "".join(piece.text for piece in self.summary_pieces(data))


class Category(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    label: str
    icon: str = ""


class Viewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, as far as visibility goes."""

    signed_in: bool = True
    is_superuser: bool = False
    groups: frozenset[int] = frozenset()


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    epoch: str = ""  # of the log, when it was read: versions of another one cannot be compared
    categories: tuple[Category, ...] = ()
    types: dict[str, EventType] = {}  # in the order of display
