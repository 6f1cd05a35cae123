"""The one way in: validate against the registry, log, ring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection
from django.db.transaction import TransactionManagementError

from events import ephemeral
from events.core.problems import Problem, shown
from events.log import append, idempotency, records
from events.log.idempotency import ClaimKey, KeyTaken
from events.measuring.measures import EVENTS_BROADCAST
from events.models import Event
from events.validation import (
    Broadcast,
    BroadcastError,
    IdempotencyConflict,
    InactiveEventType,
    InvalidData,
    UnknownEventType,
    drafts,
    valid_payload,
)

__all__ = [
    "MAX_BATCH",
    "Broadcast",
    "BroadcastError",
    "IdempotencyConflict",
    "InactiveEventType",
    "InvalidData",
    "UnknownEventType",
    "abroadcast_event",
    "broadcast_event",
    "broadcast_events",
]

MAX_BATCH = 1000  # events; bounds how long one batch holds the log's lock
NOT_BY_HAND = "Autocommit is off, so nothing tells when it is committed; broadcast inside transaction.atomic()."


def broadcast_event(
    event_type: str,
    data: Mapping[str, Any],
    *,
    source: str = "",
    idempotency_key: str | None = None,
    wait: bool = False,
) -> Event:
    """Log an event and send it to every client whose filters match. One of an ephemeral type is only sent: it has
    neither primary key nor position.

    The event is on disk when this returns. While many are broadcast on PostgreSQL, one process gives all their
    positions, some milliseconds later: then `position` is None, unless you `wait` for it.

    Inside `transaction.atomic()` the event is part of that transaction: it exists, and is delivered, exactly if that
    commits. With an idempotency key, the same event of the same source within 24 hours is not logged once more: the
    first one is returned.

    Raises UnknownEventType, InactiveEventType, InvalidData, IdempotencyConflict, or log.LogUnavailable. With autocommit
    off and outside `atomic()`, where nothing tells of the commit, it raises TransactionManagementError.
    """
    return broadcast_events([Broadcast(event_type, data, source, idempotency_key)], wait=wait)[0]


def broadcast_events(events: Iterable[Broadcast], *, wait: bool = False) -> list[Event]:
    """Broadcast up to 1,000 events, all or none, in this order. Raises as `broadcast_event` does."""
    events = list(events)
    if connection.connection is not None and not (connection.autocommit or connection.in_atomic_block):
        raise TransactionManagementError(NOT_BY_HAND)
    if len(events) > MAX_BATCH:
        raise InvalidData([Problem("events", f"{len(events)} events; at most {MAX_BATCH} are allowed in a batch")])
    validated = drafts(events)
    if all(event.idempotency_key is None for event in events):
        return log_drafts(validated, wait=wait)
    keys = [claim_key_of(event) for event in events]
    try:
        return idempotency.once(
            validated, keys, partial(log_drafts, transaction_is_ours=not connection.in_atomic_block), wait=wait
        )
    except KeyTaken as taken:
        key = shown(events[taken.index].idempotency_key)
        conflict = IdempotencyConflict([Problem("idempotency_key", f"{key} stands for another event")], key=key)
        conflict.index = taken.index
        raise conflict from None


async def abroadcast_event(
    event_type: str,
    data: Mapping[str, Any],
    *,
    source: str = "",
    idempotency_key: str | None = None,
    wait: bool = False,
) -> Event:
    """Do what `broadcast_event` does, for async code."""
    return await sync_to_async(broadcast_event)(
        event_type, data, source=source, idempotency_key=idempotency_key, wait=wait
    )


def log_drafts(
    drafts: Sequence[records.Draft], *, wait: bool = False, transaction_is_ours: bool = False
) -> list[Event]:
    """Log and send, in order. What is ephemeral is sent only when the rest is logged."""
    logged = [draft for draft in drafts if not draft.ephemeral]
    events = iter(append.append(logged, wait=wait, transaction_is_ours=transaction_is_ours) if logged else ())
    for event_type, count in Counter([draft.type for draft in drafts]).items():
        EVENTS_BROADCAST.add(count, event_type)
    sent = iter(ephemeral.send_ephemeral([draft for draft in drafts if draft.ephemeral]))
    return [next(sent if draft.ephemeral else events) for draft in drafts]


def claim_key_of(event: Broadcast) -> ClaimKey | None:
    if event.idempotency_key is None:
        return None
    return idempotency.key_of(event.source, event.idempotency_key, event.event_type, valid_payload(event.data)[0])
