"""How a stream of MCP Events says what there is to say: notifications of JSON-RPC, and in the end a result."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any

import msgspec

from events.core.event_types import RESERVED_WORDS
from events.core.moment import parse_moment
from events.core.position import parse_position
from subscriptions.outbox.event_stream import data_of
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import mcp_events
from subscriptions.protocol.commands import Subscribe
from subscriptions.protocol.endings import Ending
from subscriptions.protocol.mcp_events import EventsError, StreamParams
from subscriptions.transports.http_stream.form import Answer, Headers
from subscriptions.transports.http_stream.refused import Refused

JSON = (b"content-type", b"application/json")
CHALLENGE = (b"www-authenticate", b"Bearer")
CODES = {
    "forbidden": mcp_events.FORBIDDEN,
    "too_many_requests": mcp_events.RESOURCE_EXHAUSTED,
    "unavailable": mcp_events.INTERNAL_ERROR,
    "internal_error": mcp_events.INTERNAL_ERROR,
}
# Of these, HTTP shall tell, too: agents and proxies act upon them.
TOLD_BY_HTTP = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.INTERNAL_SERVER_ERROR,
}


class Said(msgspec.Struct):
    """A message of our own protocol."""

    type: str
    id: str | None = None
    position: str | None = None
    timestamp: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")
    complete: bool = True
    reason: str = ""


class EventsForm:
    writes_blocks = False
    headers: Headers = [(b"content-type", b"text/event-stream; charset=utf-8")]

    def __init__(self, request_id: str | int, params: StreamParams, began: float) -> None:
        """`began` is when the request came, in seconds since 1970."""
        self._id = request_id
        self._name = params.name
        self._arguments = params.arguments
        known = params.cursor is not None and parse_position(params.cursor) is not None
        self._cursor = params.cursor if known else None
        # What is of no log at all: events are missing, and nobody knows which.
        self._truncated = params.cursor is not None and not known
        replays = self._cursor is not None and params.max_age_ms is not None
        self._oldest = began - (params.max_age_ms or 0) / 1000 if replays else None

    def command(self) -> Subscribe:
        return Subscribe(event_types=[self._name], filters=self._arguments, after=self._cursor)

    def encode(self, frame: Frame) -> bytes:
        said = msgspec.json.decode(frame.text, type=Said)
        if said.type not in RESERVED_WORDS:
            return self._event(said)
        if said.type == "subscribed":
            return self._notification("active", {"cursor": said.position, "truncated": self._truncated})
        if said.type == "replayed" and not said.complete:
            return self._notification("active", {"cursor": said.position, "truncated": True})
        if said.type in ("replayed", "pong"):
            return self._notification("heartbeat", {"cursor": said.position})
        if said.type == "unsubscribed":
            return self._terminated(mcp_events.end_of_subscription(self._name, said.reason))
        return b""

    def last_words(self, ending: Ending) -> bytes:
        if ending.comes_back:
            return self._result()
        return self._terminated(
            EventsError(mcp_events.FORBIDDEN, f"It has ended: {ending.value}.", reason="access_ended")
        )

    def refuse(self, refused: Refused) -> Answer:
        if refused.code == "unknown_event_type":
            error = mcp_events.no_such_event(self._name)
        else:
            sentence = refused.sentence.replace("filters.", "arguments.")
            error = EventsError(CODES.get(refused.code, mcp_events.INVALID_PARAMS), sentence)
        status = refused.status if refused.status in TOLD_BY_HTTP else HTTPStatus.OK
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": self._id, "error": error.as_json()})
        return Answer(status.value, [JSON, *([CHALLENGE] if status == HTTPStatus.UNAUTHORIZED else [])], body)

    def _event(self, said: Said) -> bytes:
        if self._oldest is not None:
            if parse_moment(said.timestamp).first.timestamp() < self._oldest:
                return self._skipped(said)
            self._oldest = None  # what follows is newer, or came late
        occurrence = {
            "eventId": said.id or secrets.token_hex(16),  # what is never logged has none
            "name": said.type,
            "timestamp": said.timestamp,
            "data": said.data,
            "cursor": said.id,
        }
        return self._notification("event", occurrence)

    def _skipped(self, said: Said) -> bytes:
        """Leave out what is older than asked for, and say so, once."""
        if self._truncated:
            return b""
        self._truncated = True
        return self._notification("active", {"cursor": said.id, "truncated": True})

    def _terminated(self, error: EventsError) -> bytes:
        return self._notification("terminated", {"error": error.as_json()}) + self._result()

    def _notification(self, what: str, params: dict[str, Any]) -> bytes:
        meta = {mcp_events.SUBSCRIPTION_ID: self._id}
        return self._data(
            {"jsonrpc": "2.0", "method": f"notifications/events/{what}", "params": {**params, "_meta": meta}}
        )

    def _result(self) -> bytes:
        result = {"resultType": "complete", "_meta": {mcp_events.SUBSCRIPTION_ID: self._id}}
        return self._data({"jsonrpc": "2.0", "id": self._id, "result": result})

    def _data(self, message: dict[str, Any]) -> bytes:
        return f"{data_of(msgspec.json.encode(message).decode())}\n".encode()
