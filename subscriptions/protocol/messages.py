"""Messages to clients, built. No other module writes the wire's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from events.core.values import timestamp_text
from subscriptions.protocol.commands import Refusal, RequestId

PONG = '"pong"'


def text(message: Mapping[str, Any], request_id: RequestId = None) -> str:
    if request_id is not None:
        message = {**message, "request_id": request_id}
    return msgspec.json.encode(message).decode()


def metadata(data: msgspec.Raw, request_id: RequestId) -> str:
    return text({"type": "metadata", "data": data}, request_id)


def metadata_changed(version: int) -> str:
    return text({"type": "metadata_changed", "version": version})


def described(id: str, event_types: Sequence[str], filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a subscription as its client made it."""
    return {"subscription_id": id, "event_types": event_types, "filters": filters}


def subscribed(
    subscription: Mapping[str, Any], position: str, request_id: RequestId, *, replaying: bool = False
) -> str:
    message = {"type": "subscribed", **subscription, "position": position}
    return text({**message, "replaying": True} if replaying else message, request_id)


def resumed(listed: Sequence[Mapping[str, Any]], position: str, request_id: RequestId) -> str:
    message = {"type": "resumed", "subscriptions": listed, "replaying": True, "position": position}
    return text(message, request_id)


def replayed(
    subscription_id: str | None, count: int, position: str, *, reason: str | None, next_after: str | None
) -> str:
    """Say that a replay is done, without subscription_id that of the connection. A reason says why there is a gap."""
    message: dict[str, Any] = {"type": "replayed", "count": count, "complete": reason is None, "position": position}
    if subscription_id is not None:
        message["subscription_id"] = subscription_id
    if reason is not None:
        message["reason"] = reason
    if next_after is not None:
        message["next_after"] = next_after
    return text(message)


def unsubscribed(
    id: str,
    position: str,
    request_id: RequestId = None,
    reason: str | None = None,
    filters_gone: Sequence[str] = (),
) -> str:
    message: dict[str, Any] = {"type": "unsubscribed", "subscription_id": id, "position": position}
    if reason is not None:
        message["reason"] = reason
    if filters_gone:
        message["filters_gone"] = filters_gone
    return text(message, request_id)


def subscriptions(listed: Sequence[Mapping[str, Any]], request_id: RequestId) -> str:
    return text({"type": "subscriptions", "subscriptions": listed}, request_id)


def pong(position: str, request_id: RequestId) -> str:
    """Return the bare JSON string that existing clients know, or the object when the ping had a request_id."""
    return PONG if request_id is None else text({"type": "pong", "position": position}, request_id)


def quiet(position: str) -> str:
    """Return a pong that nobody's ping has asked for: all that the client asks for has been sent up to there."""
    return text({"type": "pong", "position": position})


def test(position: str, now: datetime) -> str:
    """Return a pong that nobody's ping has asked for: what a destination gets to try it."""
    return text({"type": "pong", "position": position, "test": True, "timestamp": timestamp_text(now)})


def error(refusal: Refusal, request_id: RequestId) -> str:
    message: dict[str, Any] = {"type": "error", "code": refusal.code, "message": str(refusal)}
    if refusal.problems:
        message["details"] = [problem._asdict() for problem in refusal.problems]
    return text(message, request_id)


def event(event_type: str, id: str | None, timestamp: datetime, data: str) -> str:
    """Return an event's message. `data` is its JSON text, spliced in as it was broadcast. The type's id needs no
    escaping. An event that is not logged has no id."""
    when = timestamp_text(timestamp)
    place = "" if id is None else f'"id":"{id}",'
    return f'{{"type":"{event_type}",{place}"timestamp":"{when}","data":{data}}}'


def size(described: Mapping[str, Any]) -> int:
    """Return the bytes of a subscription in the message that resumes it."""
    return len(msgspec.json.encode(described))
