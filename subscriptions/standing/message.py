"""What is sent: an event as sockets get it, or as a CloudEvent; and the two messages that are no events."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

import msgspec

from events.core.position import position_id
from events.core.records import LoggedEvent
from events.core.values import timestamp_text
from subscriptions.models import Destination
from subscriptions.protocol import mcp_events, messages
from subscriptions.protocol.mcp_events import EventsError

JSON = "application/json"
CLOUDEVENTS_JSON = "application/cloudevents+json"
CLOUDEVENTS_SOURCE = "/eventhub"


class Message(NamedTuple):
    """`id` is the same at every attempt, so that a receiver can tell that it has had a message."""

    id: str
    body: bytes
    content_type: str = JSON
    handle: str = ""  # of the subscription of an agent
    title: str = ""  # for people


def of_event(event: LoggedEvent, epoch: str, format: str, handle: str = "") -> Message:
    id = position_id(epoch, event.position)
    if format == Destination.Format.AGENT:
        return Message(id, mcp_events.delivery(event, epoch), handle=handle)
    if format == Destination.Format.CLOUDEVENTS:
        return Message(id, cloud_event(event, id), CLOUDEVENTS_JSON)
    return Message(id, messages.event(event.type, id, event.timestamp, event.data).encode())


def cloud_event(event: LoggedEvent, id: str) -> bytes:
    """Return an event in the structured form of CloudEvents 1.0."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": id,
            "source": CLOUDEVENTS_SOURCE,
            "type": event.type,
            "time": timestamp_text(event.timestamp),
            "datacontenttype": JSON,
            "data": msgspec.Raw(event.data.encode()),
        }
    )


def of_gap(epoch: str, position: int, reason: str, format: str, handle: str = "") -> Message:
    """Return what tells that events before a position are missing: the `replayed` of sockets, of nothing."""
    id = position_id(epoch, position)
    if format == Destination.Format.AGENT:
        return Message(f"msg_gap_{id}", mcp_events.gap(id), handle=handle)
    return Message(f"gap-{id}", messages.replayed(None, 0, id, reason=reason, next_after=None).encode())


def of_end(error: EventsError, handle: str) -> Message:
    """Return what tells an agent that its subscription has ended."""
    return Message(f"msg_terminated_{secrets.token_hex(8)}", mcp_events.terminated(error), handle=handle)


def of_challenge(challenge: str, handle: str) -> Message:
    """Return what asks an address whether it wants what it would be sent."""
    return Message(f"msg_verification_{secrets.token_hex(8)}", mcp_events.verification(challenge), handle=handle)


def of_test(epoch: str, position: int, now: datetime) -> Message:
    """Return what “Send test” sends: the `pong` of sockets, which is no event."""
    id = position_id(epoch, position)
    return Message(f"test-{id}-{int(now.timestamp())}", messages.test(id, now).encode())
