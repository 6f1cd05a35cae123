"""The shapes of the messages that the server sends; `subscriptions.protocol.messages` builds them.

Events are not among them: their shapes are those of the event types.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from eventhub.contract.answers import Detail, Metadata
from subscriptions.outbox.event_stream import GAP
from subscriptions.transports.sse.form import ENDED

Id = str | int | UnsetType


class MetadataMessage(Struct, kw_only=True, tag_field="type", tag="metadata"):
    """The registry and the limits: the answer to `get_metadata`."""

    data: Metadata
    request_id: Id = UNSET


class MetadataChanged(Struct, tag_field="type", tag="metadata_changed"):
    """The registry or the live options have changed."""

    version: int


class Listed(Struct):
    """A subscription as its client made it."""

    subscription_id: str
    event_types: list[str]
    filters: dict[str, Any]


class Subscribed(Struct, kw_only=True, tag_field="type", tag="subscribed"):
    """The subscription is in force. Events come after it."""

    subscription_id: str
    event_types: list[str]
    filters: dict[str, Any]
    position: str
    replaying: Literal[True] | UnsetType = UNSET
    request_id: Id = UNSET


class Resumed(Struct, kw_only=True, tag_field="type", tag="resumed"):
    """All subscriptions are in force, in the order of the command; what was missed follows."""

    subscriptions: list[Listed]
    replaying: Literal[True]
    position: str
    request_id: Id = UNSET


class Replayed(Struct, kw_only=True, tag_field="type", tag="replayed"):
    """What was missed has been sent. `complete` is false, with a reason, if something is missing."""

    count: int
    complete: bool
    position: str
    subscription_id: str | UnsetType = UNSET
    reason: Literal["expired", "epoch", "limit"] | UnsetType = UNSET
    next_after: str | UnsetType = UNSET


class Unsubscribed(Struct, kw_only=True, tag_field="type", tag="unsubscribed"):
    """The subscription has ended: by a command, or, with a reason, by the server."""

    subscription_id: str
    position: str
    reason: Literal["access_revoked", "event_type_removed", "event_type_changed"] | UnsetType = UNSET
    filters_gone: list[str] | UnsetType = UNSET
    request_id: Id = UNSET


class SubscriptionList(Struct, kw_only=True, tag_field="type", tag="subscriptions"):
    """The subscriptions of this connection."""

    subscriptions: list[Listed]
    request_id: Id = UNSET


class Pong(Struct, kw_only=True, tag_field="type", tag="pong"):
    """The answer to a ping with a `request_id`. Without one, the answer is the JSON string "pong"."""

    position: str
    request_id: Id = UNSET


class ErrorMessage(Struct, kw_only=True, tag_field="type", tag="error"):
    """A command was refused. The connection stays open."""

    code: str
    message: str
    details: list[Detail] | UnsetType = UNSET
    request_id: Id = UNSET


class Ended(Struct):
    """The server ends the stream. `comes_back` says whether the client should come back."""

    reason: Literal["too_slow", "epoch_changed", "restarting", "internal_error", "access_ended"]
    message: str
    comes_back: bool


MESSAGES: tuple[type[Struct], ...] = (
    MetadataMessage,
    MetadataChanged,
    Subscribed,
    Resumed,
    Replayed,
    Unsubscribed,
    SubscriptionList,
    Pong,
    ErrorMessage,
)
# A stream names its blocks: what `data` has in each. One of them, `ended`, no socket gets.
BLOCKS: dict[str, type[Struct]] = {
    "subscribed": Subscribed,
    "replayed": Replayed,
    GAP: Replayed,
    "unsubscribed": Unsubscribed,
    "metadata_changed": MetadataChanged,
    ENDED: Ended,
}
