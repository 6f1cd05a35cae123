"""The words of MCP Events (`io.modelcontextprotocol/events`), the extension of MCP by which agents get events.

The texts of the standard differ in places. What is chosen there stands here, and nowhere else: docs/agents.md says why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from events.core.position import position_id
from events.core.problems import shown
from events.core.records import LoggedEvent
from events.core.values import timestamp_text

EXTENSION = "io.modelcontextprotocol/events"

# Numbers of errors. These are of the sketch, which the hosts that exist know; a later draft has -32023 to -32027.
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_FOUND = -32011
FORBIDDEN = -32012
RESOURCE_EXHAUSTED = -32013
UNSUPPORTED = -32014
CALLBACK_ENDPOINT = -32015

CHALLENGE_FAILED = "challenge_failed"
KINDS_OF_ERROR = {
    "timeout": "timeout",
    "tls": "tls_error",
    "connect": "connection_refused",
    "dns": "connection_refused",
}

SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"
POLL, PUSH, WEBHOOK = "poll", "push", "webhook"  # ways of delivery
NEXT_POLL_MS = 5_000  # that an agent waits when there is nothing more
DEFAULT_EVENTS, MOST_EVENTS = 100, 1_000  # of one answer to a poll

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0)]


class EventsError(Exception):
    """What is answered instead of a result: a number, a sentence, and data for programs."""

    def __init__(self, code: int, message: str, **data: Any) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(message)

    def as_json(self) -> dict[str, Any]:
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        return {**error, "data": self.data} if self.data else error


class Params(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What all calls about one subscription have. More members are allowed: later texts of the standard add some."""

    name: str
    arguments: dict[str, Any] | None = None


class PollParams(Params, frozen=True, kw_only=True, rename="camel"):
    cursor: str | None = None
    max_age_ms: Milliseconds | None = None
    max_events: AtLeastOne | None = None


class StreamParams(Params, frozen=True, kw_only=True, rename="camel"):
    cursor: str | None = None
    max_age_ms: Milliseconds | None = None


class Notifications(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    events_list_changed: bool = False


class ListenParams(msgspec.Struct, frozen=True, kw_only=True):
    notifications: Notifications


class CallbackUrl(msgspec.Struct, frozen=True, kw_only=True):
    url: str


class Callback(CallbackUrl, frozen=True, kw_only=True):
    mode: str
    secret: str


class SubscribeParams(Params, frozen=True, kw_only=True, rename="camel"):
    delivery: Callback
    cursor: str | None = None
    max_age_ms: Milliseconds | None = None
    ttl_ms: Milliseconds | None = None


class UnsubscribeParams(Params, frozen=True, kw_only=True):
    delivery: CallbackUrl


class ListParams(msgspec.Struct, frozen=True, kw_only=True):
    cursor: str | None = None


P = TypeVar("P", bound=msgspec.Struct)


def read(params: dict[str, Any], shape: type[P]) -> P:
    """Return what an agent has sent in this shape. Raises EventsError."""
    try:
        return msgspec.convert(params, shape)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        where = f"params.{field}" if field else "params"
        given = f" ({shown(params[field])} was sent)" if field in params else ""
        raise EventsError(INVALID_PARAMS, f"{where}: {text}{given}.") from None


def no_such_event(name: str) -> EventsError:
    """Return the error for an event type that there is not, or that the caller may not see: nobody can tell which."""
    sentence = f"There is no event {shown(name)}, or you may not see it; events/list names those that you may."
    return EventsError(NOT_FOUND, sentence, kind="event")


def end_of_subscription(name: str, reason: str) -> EventsError:
    """Return what an agent is told for a reason for which our own protocol ends a subscription."""
    if reason == "event_type_removed":
        return no_such_event(name)
    if reason == "event_type_changed":
        return narrowed(name)
    return access_ended(name)


def access_ended(name: str) -> EventsError:
    return EventsError(FORBIDDEN, f"You may not have {name} delivered any more.", reason="access_ended")


def narrowed(name: str) -> EventsError:
    sentence = f"The filters of {name} have changed, so that the arguments of this subscription no longer fit."
    return EventsError(UNSUPPORTED, sentence, feature="inputSchema", reason="schema_changed")


def not_delivered_so(name: str, mode: str) -> EventsError:
    sentence = f"{name} is not delivered by {mode}; events/list says how it is."
    return EventsError(UNSUPPORTED, sentence, feature="deliveryMode", value=mode)


def callback_failed(reason: str) -> EventsError:
    sentence = f"The address did not answer the challenge as it must ({reason}); docs/agents.md says how."
    return EventsError(CALLBACK_ENDPOINT, sentence, reason=reason)


def kind_of_error(error_class: str, error: str) -> str:
    """Return what may be told of a delivery that failed: its kind, and nothing that the address has said."""
    if error_class == "http" and error.startswith("HTTP 5"):
        return "http_5xx"
    return KINDS_OF_ERROR.get(error_class, "http_4xx")


def occurrence(event: LoggedEvent, epoch: str) -> dict[str, Any]:
    """Return an event as a poll has it; the payload goes out byte for byte as it was logged."""
    return {
        "eventId": position_id(epoch, event.position),
        "name": event.type,
        "timestamp": timestamp_text(event.timestamp),
        "data": msgspec.Raw(event.data.encode()),
    }


def delivery(event: LoggedEvent, epoch: str) -> bytes:
    """Return what an address is sent. One event is on its way at a time: its position is the cursor."""
    return msgspec.json.encode({**occurrence(event, epoch), "cursor": position_id(epoch, event.position)})


def gap(cursor: str) -> bytes:
    """Return what tells an address that events before a cursor are missing."""
    return msgspec.json.encode({"type": "gap", "cursor": cursor})


def terminated(error: EventsError) -> bytes:
    """Return what tells an address why it gets nothing more."""
    return msgspec.json.encode({"type": "terminated", "error": error.as_json()})


def verification(challenge: str) -> bytes:
    """Return what asks an address whether it wants to be sent anything: it answers with the same challenge."""
    return msgspec.json.encode({"type": "verification", "challenge": challenge})


def canonical(arguments: Any) -> Any:
    """Return arguments in the one way in which they can be written: 1.0 is 1, and members have an order."""
    if isinstance(arguments, dict):
        return {name: canonical(arguments[name]) for name in sorted(arguments)}
    if isinstance(arguments, list):
        return [canonical(each) for each in arguments]
    return int(arguments) if isinstance(arguments, float) and arguments.is_integer() else arguments


def handle_of(principal: str, url: str, name: str, arguments: Mapping[str, Any]) -> str:
    """Return the id of a subscription: the same for the same user, address, event and arguments. It proves nothing."""
    key = msgspec.json.encode([principal, url, name, canonical(arguments)])
    return f"sub_{hashlib.sha256(key).hexdigest()[:32]}"
