"""How a stream of MCP Events says what there is to say: notifications of JSON-RPC, and in the end a result."""

from __future__ import annotations

from events.core.position import parse_position
from subscriptions.agents.stream.notifications import NotificationsForm
from subscriptions.agents.stream.shared import SharedEvent, read, tail
from subscriptions.outbox.event_stream import chunk_of
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import mcp_events
from subscriptions.protocol.commands import Subscribe
from subscriptions.protocol.endings import Ending
from subscriptions.protocol.mcp_events import EventsError, StreamParams
from subscriptions.transports.http_stream.refused import Refused


class EventsForm(NotificationsForm):
    def __init__(self, request_id: str | int, params: StreamParams, began: float, challenge: str = "Bearer") -> None:
        """`began` is when the request came, in seconds since 1970."""
        super().__init__(request_id, challenge)
        self._tail = tail({mcp_events.SUBSCRIPTION_ID: request_id})
        self._last_chunk = chunk_of(self._tail)
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
        said = read(frame.text)
        if isinstance(said, SharedEvent):
            return self._event(said)
        if said.type == "subscribed":
            return self._notification("events/active", {"cursor": said.position, "truncated": self._truncated})
        if said.type == "replayed" and not said.complete:
            return self._notification("events/active", {"cursor": said.position, "truncated": True})
        if said.type in ("replayed", "pong"):
            return self._notification("events/heartbeat", {"cursor": said.position})
        if said.type == "unsubscribed":
            return self._terminated(mcp_events.end_of_subscription(self._name, said.reason))
        return b""

    def chunk(self, frame: Frame) -> bytes:
        """Return an event in two chunks: one that all streams share, and one that is the same for all events."""
        said = read(frame.text)
        if isinstance(said, SharedEvent) and self._oldest is None:
            return said.chunk + self._last_chunk
        return chunk_of(self.encode(frame))

    def last_words(self, ending: Ending) -> bytes:
        if ending.comes_back:
            return self._result()
        return self._terminated(
            EventsError(mcp_events.FORBIDDEN, f"It has ended: {ending.value}.", reason="access_ended")
        )

    def _error_of(self, refused: Refused) -> EventsError:
        if refused.code == "unknown_event_type":
            return mcp_events.no_such_event(self._name)
        return super()._error_of(refused)

    def _event(self, event: SharedEvent) -> bytes:
        if self._oldest is not None:
            if event.at < self._oldest:
                return self._skipped(event)
            self._oldest = None  # what follows is newer, or came late
        return event.head + self._tail

    def _skipped(self, event: SharedEvent) -> bytes:
        """Leave out what is older than asked for, and say so, once."""
        if self._truncated:
            return b""
        self._truncated = True
        return self._notification("events/active", {"cursor": event.id, "truncated": True})

    def _terminated(self, error: EventsError) -> bytes:
        return self._notification("events/terminated", {"error": error.as_json()}) + self._result()
