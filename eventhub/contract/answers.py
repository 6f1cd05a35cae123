"""The shapes of what HTTP calls answer, as structs from which the OpenAPI document is made."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from events.http.explain import Explained

Scalar = str | float | bool


class Event(Struct, kw_only=True):
    """An event, as the WebSocket sends it. One that is not logged has no id."""

    type: str
    id: str | UnsetType = UNSET
    timestamp: str
    data: dict[str, Any]


class History(Struct):
    """A page of the log, newest first. `next` is the cursor of the page after it."""

    events: list[Event]
    next: str | None
    complete: bool
    looked_back_to: str | UnsetType = UNSET


class Preview(Struct):
    """What a subscription would have brought."""

    looked_at: int
    matched: int
    per_minute: float
    samples: list[Event]


class Counts(Struct):
    """How many events of each severity each part of the time had."""

    since: str
    until: str
    parts: list[dict[str, int]]
    complete: bool
    looked_back_to: str | UnsetType = UNSET


class Explanation(Struct):
    """Why a subscription gets an event, or does not."""

    matches: bool
    conditions: list[Explained]


class Around(Struct):
    """What else happened to the subject of an event, the oldest first."""

    subject: Scalar | None
    events: list[Event]


class Receipt(Struct):
    """An event that was emitted. The id is null for an ephemeral one, or as long as it is pending."""

    id: str | None
    type: str
    timestamp: str
    pending: bool | UnsetType = UNSET


class NewEvent(Struct, forbid_unknown_fields=True):
    """An event to emit."""

    type: str
    data: dict[str, Any]
    idempotency_key: str | UnsetType = UNSET


class Ticket(Struct):
    """What lets in one WebSocket or stream, for a short time."""

    ticket: str
    expires_at: str


class Field(Struct, kw_only=True):
    """A field by which subscriptions can filter."""

    name: str
    label: str
    type: Literal["multiselect", "select", "text", "number"]
    operator: str
    data_key: str
    options: list[str]
    source: str
    live: bool
    option_labels: dict[str, str] | UnsetType = UNSET
    help_text: str | UnsetType = UNSET


class EventType(Struct):
    id: str
    label: str
    description: str
    icon: str
    severity_levels: list[str]
    summary: str
    subject: str
    external: bool
    filterable_fields: list[Field]


class Category(Struct):
    id: str
    label: str
    icon: str
    events: list[EventType]


class Metadata(Struct):
    """The registry, as far as somebody may see it."""

    version: int
    limits: dict[str, int]
    categories: list[Category]


class McpServer(Struct):
    id: int
    name: str
    status: str
    disabled_by: str
    health_status: str
    circuit_state: str


class Detail(Struct):
    """What is wrong with one member or parameter."""

    field: str
    problem: str


class Problem(Struct):
    """A problem document of RFC 9457. Programs read the `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    details: list[Detail] | UnsetType = UNSET
