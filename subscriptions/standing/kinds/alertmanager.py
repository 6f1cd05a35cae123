"""Events as Alertmanager takes them: POST /api/v2/alerts. What begins fires until what ends it resolves it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from events.core.event_types import EventType
from events.core.legible import legible
from events.core.position import position_id
from events.core.records import LoggedEvent
from events.core.values import timestamp_text
from subscriptions.models import StandingSubscription
from subscriptions.standing.message import Message
from subscriptions.standing.people import pairs
from subscriptions.standing.people.matters import member_of
from subscriptions.standing.people.text import link

PATH = "/api/v2/alerts"
FIRES_FOR = timedelta(days=7)  # unless something ends it: Alertmanager's own five minutes are for those who repeat
LASTS = timedelta(minutes=5)  # of an event that nothing ends
MISSING, TEST = "eventhub_events_missing", "eventhub_test"  # the names of alerts that are no events


def address_of(url: str) -> str:
    """Return where alerts go: the path of the interface, if the URL has none."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=path if path.endswith(PATH) else f"{path}{PATH}"))


def of_event(event: LoggedEvent, event_type: EventType, epoch: str) -> Message:
    """Return an event as an alert. Its labels are what stays the same from what begins to what ends."""
    data = msgspec.json.decode(event.data, type=dict[str, Any])
    begins = pairs.begins(event_type, data)
    id = position_id(epoch, event.position)
    labels = {"alertname": event_type.id, "subject": member_of(data, event_type.subject)}
    if begins is None and pairs.pair_of(event_type)[0]:
        begins = True  # a state between: it goes on
    if begins is None:
        labels["event_id"] = id  # nothing ends it, and none is like another
    ends = event.timestamp + (FIRES_FOR if begins else LASTS) if begins is not False else event.timestamp
    annotations = {
        "summary": event_type.summarise(data),
        "severity": str(data.get("severity", "")),
        "description": legible(event_type.label),
    }
    alert = alert_of(labels, annotations, None if begins is False else event.timestamp, ends)
    return message_of(id, {**alert, "generatorURL": link(f"events/e/{id}")})


def of_gap(row: StandingSubscription, epoch: str, now: datetime) -> Message:
    annotations = {"summary": f"Events of {row.name} are missing: {row.gap_reason}"}
    labels = {"alertname": MISSING, "delivery": row.name}
    return message_of(f"gap-{position_id(epoch, row.position)}", alert_of(labels, annotations, now, now + LASTS))


def of_test(row: StandingSubscription, now: datetime) -> Message:
    """Return an alert that is over as soon as it comes."""
    labels, annotations = {"alertname": TEST, "delivery": row.name}, {"summary": "This is a test of eventhub."}
    return message_of(f"test-{int(now.timestamp())}", alert_of(labels, annotations, None, now))


def alert_of(
    labels: Mapping[str, str], annotations: Mapping[str, str], starts: datetime | None, ends: datetime
) -> dict[str, Any]:
    """Return an alert. One that is over has no beginning: Alertmanager keeps the one it knows."""
    begun = {} if starts is None else {"startsAt": timestamp_text(starts)}
    given = {name: value for name, value in labels.items() if value}
    return {"labels": given, "annotations": annotations, **begun, "endsAt": timestamp_text(ends)}


def message_of(id: str, alert: Mapping[str, Any]) -> Message:
    return Message(id, msgspec.json.encode([alert]))
