"""The one way in: validate against the registry, log, ring."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from asgiref.sync import sync_to_async
from django.utils import timezone

from events import log, snapshot
from events.models import Event
from events.registry import SEVERITIES, EventType, Problem, Registry, shown
from events.suggestion import did_you_mean

logger = logging.getLogger(__name__)

MAX_DATA = 64 * 1024  # bytes of JSON; larger things belong in storage, with a link in the event
MAX_DEPTH = 32  # levels of nesting that every client can be expected to parse
MAX_BATCH = 1000  # events; bounds how long one batch holds the log's lock
MAX_SOURCE = 200  # characters


class BroadcastError(ValueError):
    """An event that cannot be broadcast. `code` and `problems` are the protocol's, `index` its place in a batch."""

    code = "invalid_event"
    index = 0

    def __init__(self, problems: Sequence[Problem] = (), **values: object) -> None:
        self.problems = tuple(problems)
        text = "; ".join(f"{field}: {problem}" if field else problem for field, problem in problems)
        super().__init__((self.__doc__ or "").format(problems=text, **values))


class UnknownEventType(BroadcastError):
    """There is no event type {event_type}{suggestion}; allowed: {allowed}."""

    code = "unknown_event_type"

    def __init__(self, event_type: object, known: Iterable[str]) -> None:
        known = list(known)
        super().__init__(
            event_type=shown(event_type),
            suggestion=did_you_mean(event_type, known) if isinstance(event_type, str) else "",
            allowed=", ".join(known) or "none yet",
        )
        self.problems = (Problem("type", str(self).rstrip(".")),)


class InactiveEventType(BroadcastError):
    """Event type “{event_type}” is not active; an admin can activate it."""

    code = "inactive_event_type"


class InvalidData(BroadcastError):
    """{problems}."""

    code = "invalid_data"


class Broadcast(NamedTuple):
    """One event to broadcast, as a caller gives it."""

    event_type: str
    data: Mapping[str, Any]
    source: str = ""


def broadcast_event(event_type: str, data: Mapping[str, Any], *, source: str = "") -> Event:
    """Log an event and send it to every client whose filters match.

    Inside `transaction.atomic()` the event is part of that transaction: it exists, and is delivered, exactly if that
    commits. Raises UnknownEventType, InactiveEventType, InvalidData, or log.LogUnavailable.
    """
    return broadcast_events([Broadcast(event_type, data, source)])[0]


def broadcast_events(events: Iterable[Broadcast]) -> list[Event]:
    """Broadcast up to 1,000 events, all or none, in this order. Raises as `broadcast_event` does."""
    events = list(events)
    if len(events) > MAX_BATCH:
        raise InvalidData([Problem("events", f"{len(events)} events; at most {MAX_BATCH} are allowed in a batch")])
    return log.append(drafts(events)) if events else []


async def abroadcast_event(event_type: str, data: Mapping[str, Any], *, source: str = "") -> Event:
    """`broadcast_event` for async code."""
    return await sync_to_async(broadcast_event)(event_type, data, source=source)


def drafts(events: Iterable[Broadcast]) -> list[log.Draft]:
    """Each event validated. The error of one that is refused tells its index."""
    validated: list[log.Draft] = []
    for event in events:
        try:
            validated.append(draft(event))
        except BroadcastError as error:
            error.index = len(validated)
            raise
    return validated


def draft(event: Broadcast) -> log.Draft:
    """The validated event. What the cached registry refuses is judged by the database's, so that a change made in the
    admin a moment ago counts, in every process."""
    registry = snapshot.current()
    try:
        return checked(event, registry)
    except BroadcastError:
        fresh = snapshot.look_again()
        if fresh is registry:
            raise
        return checked(event, fresh)


def checked(event: Broadcast, registry: Registry) -> log.Draft:
    event_type = registry.types.get(event.event_type) if isinstance(event.event_type, str) else None
    if event_type is None:
        raise UnknownEventType(event.event_type, [id for id, each in registry.types.items() if each.active])
    if not event_type.active:
        raise InactiveEventType(event_type=event_type.id)
    if not isinstance(event.source, str) or len(event.source) > MAX_SOURCE:
        raise InvalidData([Problem("source", f"{shown(event.source)} is not a string of at most {MAX_SOURCE}")])
    data, text = as_json(event.data)
    if "severity" not in data:
        data["severity"] = event_type.severities[0]
        text = msgspec.json.encode(data)
    if len(text) > MAX_DATA:
        raise InvalidData([Problem("data", f"{len(text):,} bytes of JSON; at most {MAX_DATA:,} are allowed")])
    check_payload(event_type, data)
    return log.Draft(event_type.id, data["severity"], timezone.now(), event.source, text.decode())


def as_json(data: object) -> tuple[dict[str, Any], bytes]:
    """The payload as JSON has it, and its text. Dates, UUIDs, decimals and dataclasses become what JSON can say."""
    if not isinstance(data, Mapping):
        raise InvalidData([Problem("data", f"{shown(data)} is not a JSON object")])
    try:
        text = msgspec.json.encode(data if isinstance(data, dict) else dict(data))
        if text.count(b"{") + text.count(b"[") > MAX_DEPTH and depth(data) > MAX_DEPTH:
            raise InvalidData([Problem("data", f"nested deeper than {MAX_DEPTH} levels")])
        if b"null" in text and has_nan(data):  # the encoder writes NaN as null
            raise InvalidData([Problem("data", "NaN and Infinity are not JSON numbers")])
        return msgspec.json.decode(text), text
    except RecursionError:
        raise InvalidData([Problem("data", f"nested deeper than {MAX_DEPTH} levels")]) from None
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, BroadcastError):
            raise
        raise InvalidData([Problem("data", f"cannot be written as JSON: {error}")]) from error


def depth(value: object) -> int:
    children = children_of(value)
    return 1 + max(map(depth, children), default=0) if children is not None else 0


def has_nan(value: object) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    return any(map(has_nan, children_of(value) or ()))


def children_of(value: object) -> list[object] | None:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else None


def check_payload(event_type: EventType, data: Mapping[str, Any]) -> None:
    severity = data["severity"]
    if severity not in event_type.severities:
        allowed = ", ".join(level for level in SEVERITIES if level in event_type.severities)
        problem = f"{shown(severity)} is not a severity of {event_type.id}; allowed: {allowed}"
        raise InvalidData([Problem("data.severity", problem)])
    if event_type.payload_check == "off":
        return
    problems = event_type.check(data)
    if problems and event_type.payload_check == "reject":
        raise InvalidData(problems)
    for field, problem in problems:
        logger.warning("%s: %s: %s", event_type.id, field, problem)
