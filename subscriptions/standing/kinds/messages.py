"""What each kind of destination is sent: systems an event each, people what `people.text` writes."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from events.core.event_types import EventType
from events.core.records import LoggedEvent
from subscriptions.models import Destination, StandingSubscription
from subscriptions.standing import message
from subscriptions.standing.kinds import alertmanager
from subscriptions.standing.message import Message
from subscriptions.standing.people import text


def of_event(
    destination: Destination, row: StandingSubscription, event: LoggedEvent, event_type: EventType, epoch: str
) -> Message:
    if destination.kind == Destination.Kind.ALERTMANAGER:
        return alertmanager.of_event(event, event_type, epoch)
    return message.of_event(event, epoch, destination.format, row.handle)


def of_gap(destination: Destination, row: StandingSubscription, epoch: str) -> Message:
    if destination.is_for_people:
        return text.of_gap(row, epoch)
    if destination.kind == Destination.Kind.ALERTMANAGER:
        return alertmanager.of_gap(row, epoch, timezone.now())
    return message.of_gap(epoch, row.position, row.gap_reason, destination.format, row.handle)


def of_test(row: StandingSubscription, epoch: str, position: int, now: datetime) -> Message:
    if row.destination.is_for_people:
        return text.of_test(row, epoch, now)
    if row.destination.kind == Destination.Kind.ALERTMANAGER:
        return alertmanager.of_test(row, now)
    return message.of_test(epoch, position, now)
