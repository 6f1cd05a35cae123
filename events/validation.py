"""Whether an event may be broadcast: its type, its source, its key and its payload, against the registry."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import Error as DatabaseError  # InterfaceError too
from django.utils import timezone

from events import registry_cache
from events.core import payload
from events.core.event_types import SEVERITIES, EventType, Registry
from events.core.payload import NotAPayload
from events.core.problems import Problem, no_such_type, shown
from events.core.suggestion import did_you_mean
from events.log import idempotency, records

logger = logging.getLogger(__name__)

MAX_DATA = 64 * 1024  # bytes of JSON; larger things belong in storage, with a link in the event
MAX_SOURCE = 200  # characters
UNWRITABLE = re.compile("[\0\ud800-\udfff]")  # NUL, which PostgreSQL cannot keep, and halves of characters


class BroadcastError(ValueError):
    """An event that cannot be broadcast. `code` and `problems` are the protocol's, `index` its place in a batch."""

    code = "invalid_event"
    message = "{problems}."  # a format, of the values given
    index = 0

    def __init__(self, problems: Sequence[Problem] = (), **values: object) -> None:
        self.problems = tuple(problems)
        text = "; ".join(f"{field}: {problem}" if field else problem for field, problem in problems)
        super().__init__(self.message.format(problems=text, **values))


class UnknownEventType(BroadcastError):
    code = "unknown_event_type"
    message = "{problem}."

    def __init__(self, event_type: object, known: Iterable[str]) -> None:
        known = list(known)
        meant = did_you_mean(event_type, known) if isinstance(event_type, str) else ""
        problem = no_such_type(event_type, known, meant)
        problem = problem[0].upper() + problem[1:]
        super().__init__(problem=problem)
        self.problems = (Problem("type", problem),)


class InactiveEventType(BroadcastError):
    code = "inactive_event_type"
    message = "Event type “{event_type}” is not active; an admin can activate it."


class InvalidData(BroadcastError):
    code = "invalid_data"


class IdempotencyConflict(BroadcastError):
    code = "idempotency_conflict"
    message = (
        "The idempotency key {key} has been used in the last 24 hours for another event; use a new key for each event."
    )


class Broadcast(NamedTuple):
    """One event to broadcast, as a caller gives it."""

    event_type: str
    data: Mapping[str, Any]
    source: str = ""
    idempotency_key: str | None = None


def drafts(events: Iterable[Broadcast]) -> list[records.Draft]:
    """Validate each event. The error of one that is refused tells its index."""
    validated: list[records.Draft] = []
    for event in events:
        try:
            validated.append(draft(event))
        except BroadcastError as error:
            error.index = len(validated)
            raise
    return validated


def draft(event: Broadcast) -> records.Draft:
    """Return the validated event. If the cached registry refuses the event, the registry of the database decides. So a
    change that was made in the admin a moment ago counts, in every process."""
    registry = read(registry_cache.recent)
    try:
        validated = draft_of(event, registry)
        # An event that is not logged is lost for ever, so make sure that its type still is ephemeral.
        return draft_of(event, read(registry_cache.reread)) if validated.ephemeral else validated
    except BroadcastError:
        newer = read(registry_cache.reread)
        if newer is registry:
            raise
        return draft_of(event, newer)


def read(registry: Callable[[], Registry]) -> Registry:
    try:
        return registry()
    except DatabaseError as error:
        raise records.unavailable() from error


def draft_of(event: Broadcast, registry: Registry) -> records.Draft:
    event_type = registry.types.get(event.event_type) if isinstance(event.event_type, str) else None
    if event_type is None:
        raise UnknownEventType(event.event_type, [id for id, each in registry.types.items() if each.active])
    if not event_type.active:
        raise InactiveEventType(event_type=event_type.id)
    if not is_source(event.source):
        problem = (
            f"{shown(event.source)} is no string of at most {MAX_SOURCE} characters without NUL and lone surrogates"
        )
        raise InvalidData([Problem("source", problem)])
    if event.idempotency_key is not None and not idempotency.is_valid(event.idempotency_key):
        problem = f"{shown(event.idempotency_key)} is not a string of 1 to {idempotency.MAX_KEY} printable characters"
        raise InvalidData([Problem("idempotency_key", problem)])
    data, text = valid_payload(event.data)
    if "severity" not in data:
        data["severity"] = event_type.severities[0]
        text = msgspec.json.encode(data)
    if len(text) > MAX_DATA:
        raise InvalidData([Problem("data", f"{len(text):,} bytes of JSON; at most {MAX_DATA:,} are allowed")])
    check_payload(event_type, data)
    return records.Draft(
        event_type.id, data["severity"], timezone.now(), event.source, text.decode(), event_type.ephemeral
    )


def is_source(source: object) -> bool:
    return isinstance(source, str) and len(source) <= MAX_SOURCE and not UNWRITABLE.search(source)


def valid_payload(data: object) -> tuple[dict[str, Any], bytes]:
    try:
        return payload.as_json(data)
    except NotAPayload as error:
        raise InvalidData([Problem("data", str(error))]) from error


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
