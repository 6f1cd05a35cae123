"""The one way in: validate against the registry, log, ring."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.utils import timezone

from events import ephemeral, registry_cache
from events.core import payload
from events.core.event_types import SEVERITIES, EventType, Registry
from events.core.payload import NotAPayload
from events.core.problems import Problem, no_such_type, shown
from events.core.suggestion import did_you_mean
from events.log import append, idempotency, records
from events.log.idempotency import ClaimKey, KeyTaken
from events.measuring.measures import EVENTS_BROADCAST
from events.models import Event

logger = logging.getLogger(__name__)

MAX_DATA = 64 * 1024  # bytes of JSON; larger things belong in storage, with a link in the event
MAX_BATCH = 1000  # events; bounds how long one batch holds the log's lock
MAX_SOURCE = 200  # characters


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


def broadcast_event(
    event_type: str, data: Mapping[str, Any], *, source: str = "", idempotency_key: str | None = None
) -> Event:
    """Log an event and send it to every client whose filters match. One of an ephemeral type is only sent: it has
    neither primary key nor position.

    Inside `transaction.atomic()` the event is part of that transaction: it exists, and is delivered, exactly if that
    commits. With an idempotency key, the same event of the same source within 24 hours is not logged once more: the
    first one is returned.

    Raises UnknownEventType, InactiveEventType, InvalidData, IdempotencyConflict, or log.LogUnavailable.
    """
    return broadcast_events([Broadcast(event_type, data, source, idempotency_key)])[0]


def broadcast_events(events: Iterable[Broadcast]) -> list[Event]:
    """Broadcast up to 1,000 events, all or none, in this order. Raises as `broadcast_event` does."""
    events = list(events)
    if len(events) > MAX_BATCH:
        raise InvalidData([Problem("events", f"{len(events)} events; at most {MAX_BATCH} are allowed in a batch")])
    validated = drafts(events)
    if all(event.idempotency_key is None for event in events):
        return log_drafts(validated)
    keys = [claim_key_of(event) for event in events]
    try:
        return idempotency.once(
            validated, keys, partial(log_drafts, transaction_is_ours=not connection.in_atomic_block)
        )
    except KeyTaken as taken:
        key = shown(events[taken.index].idempotency_key)
        conflict = IdempotencyConflict([Problem("idempotency_key", f"{key} stands for another event")], key=key)
        conflict.index = taken.index
        raise conflict from None


async def abroadcast_event(
    event_type: str, data: Mapping[str, Any], *, source: str = "", idempotency_key: str | None = None
) -> Event:
    """Do what `broadcast_event` does, for async code."""
    return await sync_to_async(broadcast_event)(event_type, data, source=source, idempotency_key=idempotency_key)


def log_drafts(drafts: Sequence[records.Draft], *, transaction_is_ours: bool = False) -> list[Event]:
    """Log and send, in order. What is ephemeral is sent only when the rest is logged."""
    logged = [draft for draft in drafts if not draft.ephemeral]
    events = iter(append.append(logged, transaction_is_ours=transaction_is_ours) if logged else ())
    for event_type, count in Counter([draft.type for draft in drafts]).items():
        EVENTS_BROADCAST.add(count, event_type)
    sent = iter(ephemeral.send_ephemeral([draft for draft in drafts if draft.ephemeral]))
    return [next(sent if draft.ephemeral else events) for draft in drafts]


def claim_key_of(event: Broadcast) -> ClaimKey | None:
    if event.idempotency_key is None:
        return None
    return idempotency.key_of(event.source, event.idempotency_key, event.event_type, valid_payload(event.data)[0])


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
    registry = registry_cache.current()
    try:
        validated = draft_of(event, registry)
        # An event that is not logged is lost for ever, so make sure that its type still is ephemeral.
        return draft_of(event, fresh(registry)) if validated.ephemeral else validated
    except BroadcastError:
        newer = fresh(registry)
        if newer is registry:
            raise
        return draft_of(event, newer)


def fresh(registry: Registry) -> Registry:
    try:
        return registry_cache.reread()
    except DatabaseError as error:
        raise records.unavailable() from error


def draft_of(event: Broadcast, registry: Registry) -> records.Draft:
    event_type = registry.types.get(event.event_type) if isinstance(event.event_type, str) else None
    if event_type is None:
        raise UnknownEventType(event.event_type, [id for id, each in registry.types.items() if each.active])
    if not event_type.active:
        raise InactiveEventType(event_type=event_type.id)
    if not isinstance(event.source, str) or len(event.source) > MAX_SOURCE:
        raise InvalidData([Problem("source", f"{shown(event.source)} is not a string of at most {MAX_SOURCE}")])
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
