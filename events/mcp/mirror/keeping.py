"""What servers say of their events, written down: events and cursor in one transaction, by the monitor that leads."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from events import registry_cache
from events.broadcast import Broadcast, IdempotencyConflict, InvalidData, broadcast_events
from events.core.event_types import EventType
from events.log import idempotency
from events.mcp.mirror.asking import Answer, Occurrence, Offer
from events.mcp.models import MonitorLease
from events.mcp.models.offered_event import MAX_ERROR, OfferedEvent
from events.validation import drafts

MOST_DUE = 500  # that are read at once
AFTER_FAILURE_S = 30.0  # until it is polled again
LONGEST_WAIT_S = 3600.0  # that a server can ask for


def due(visited: Collection[int] = ()) -> list[OfferedEvent]:
    """Return what is due, but for the servers that are being visited."""
    rows = OfferedEvent.objects.due(timezone.now()).exclude(server__in=visited)
    return list(rows.select_related("server")[:MOST_DUE])


def keep_offers(epoch: int, server_id: int, offers: Sequence[Offer]) -> bool:
    """Take over the list of a server's events, and return True. What is no longer in it stays if it is wanted here.
    Raises LeaseLost."""
    with transaction.atomic():
        MonitorLease.lock(epoch)
        known = {each.name: each for each in OfferedEvent.objects.filter(server=server_id)}
        for offer in offers:
            row = known.pop(offer.name, None) or OfferedEvent(server_id=server_id, name=offer.name)
            told = (offer.description, offer.payload_schema, True)
            if row.pk is None or told != (row.description, row.payload_schema, row.is_offered):
                row.description, row.payload_schema, row.is_offered = told
                row.save(update_fields=None if row.pk is None else ["description", "payload_schema", "is_offered"])
        gone = OfferedEvent.objects.filter(pk__in=[each.pk for each in known.values()])
        gone.filter(is_mirrored=False).delete()
        gone.update(is_offered=False)
    return True


def take(epoch: int, id: int, cursor: str, answer: Answer) -> bool:
    """Broadcast what came after a cursor, and go on from there. Return whether that was still wanted: an admin may have
    unticked it meanwhile. Raises LeaseLost, and LogUnavailable."""
    now = timezone.now()
    with transaction.atomic():
        MonitorLease.lock(epoch)
        row = (
            OfferedEvent.objects.mirrored()
            .select_for_update(of=("self",))
            .select_related("server")
            .filter(pk=id, cursor=cursor)
            .first()
        )
        event_type = registry_cache.refresh().types.get(row.event_type_id or "") if row else None
        if row is None or event_type is None or not event_type.active:
            return False
        refused = broadcast_what_can_be([broadcast_of(row, event_type, each) for each in answer.events])
        row.cursor, row.polled_at, row.error = answer.cursor, now, ""
        row.refused += answer.refused + refused
        row.next_poll_at = None if answer.has_more else now + timedelta(seconds=answer.next_poll_s)
        if answer.events:
            row.event_at = now
        if answer.truncated:
            row.missing_at = now
        row.save(update_fields=["cursor", "polled_at", "error", "refused", "next_poll_at", "event_at", "missing_at"])
    return True


def failed(epoch: int, ids: Sequence[int], error: str, wait_s: float | None) -> None:
    """Note why these could not be polled, and try again later. Raises LeaseLost."""
    now = timezone.now()
    wait = timedelta(seconds=min(max(wait_s or 0, AFTER_FAILURE_S), LONGEST_WAIT_S))
    with transaction.atomic():
        MonitorLease.lock(epoch)
        OfferedEvent.objects.filter(pk__in=ids).update(error=error[:MAX_ERROR], polled_at=now, next_poll_at=now + wait)


def broadcast_of(row: OfferedEvent, event_type: EventType, event: Occurrence) -> Broadcast:
    """Return an event as it is broadcast here. A severity that the type does not have becomes its lowest."""
    data: dict[str, Any] = event.data
    if "severity" in data and data["severity"] not in event_type.severities:
        data = {**data, "severity": event_type.severities[0]}
    return Broadcast(event_type.id, data, row.source, key_of(event.id))


def key_of(id: str) -> str:
    return id if idempotency.is_valid(id) else hashlib.sha256(id.encode("utf-8", "replace")).hexdigest()


def broadcast_what_can_be(events: list[Broadcast]) -> int:
    """Broadcast them but for those that the log refuses, such as payloads that are too large; return how many those
    are. Raises BroadcastError if the type takes none at the moment."""
    usable = [each for each in events if is_usable(each)]
    while usable:
        try:
            broadcast_events(usable)
        except IdempotencyConflict as conflict:  # another event had the same id
            del usable[conflict.index]
        else:
            break
    return len(events) - len(usable)


def is_usable(event: Broadcast) -> bool:
    try:
        drafts([event])
    except InvalidData:
        return False
    return True
