"""`subscriptions/listen`: an agent is told when the list of events that it may see has changed."""

from __future__ import annotations

import msgspec

from subscriptions.agents.stream.notifications import NotificationsForm
from subscriptions.live.dispatcher import Dispatcher
from subscriptions.outbox.frames import Frame
from subscriptions.protocol import messages
from subscriptions.protocol.commands import Subscribe
from subscriptions.protocol.mcp_events import ListenParams
from subscriptions.transports.http_stream.connection import StreamConnection
from subscriptions.transports.http_stream.stream import HttpStream

QUIET = b":\n\n"  # a comment, so that nothing on the way takes the connection for dead


class Said(msgspec.Struct):
    type: str


class ListenForm(NotificationsForm):
    def __init__(self, request_id: str | int, params: ListenParams, challenge: str = "Bearer") -> None:
        super().__init__(request_id, challenge)
        self._wants_events = params.notifications.events_list_changed
        self._has_begun = False

    def command(self) -> Subscribe:
        raise NotImplementedError  # it subscribes to no event

    def encode(self, frame: Frame) -> bytes:
        if not self._has_begun:
            self._has_begun = True
            honoured = {"eventsListChanged": True} if self._wants_events else {}
            return self._notification("subscriptions/acknowledged", {"notifications": honoured})
        if msgspec.json.decode(frame.text, type=Said).type != "metadata_changed":
            return QUIET
        return self._notification("events/list_changed", {}) if self._wants_events else b""


class ListenStream(HttpStream):
    async def _subscribe(self, ours: Dispatcher, connection: StreamConnection) -> None:
        """Begin the answer: a connection without a subscription is told of new metadata alone."""
        connection.send(messages.quiet(ours.hub.position_of(connection)))
