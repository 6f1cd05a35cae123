"""What a person reads: a line for each matter, why the message came, and where it leads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.conf import settings

from events.core.event_types import EventType
from events.core.legible import cut, legible
from events.core.position import position_id
from events.core.records import LoggedEvent
from subscriptions.models import StandingSubscription
from subscriptions.standing.message import Message
from subscriptions.standing.people.groups import Batch
from subscriptions.standing.people.matters import Matter
from subscriptions.standing.people.mute_link import token_of

TEXT = "text/plain; charset=utf-8"
MAX_TITLE = 150  # characters
GAPS = {"expired": "retention has deleted them", "epoch": "the log was restored from a backup"}


class Line(NamedTuple):
    matter: Matter
    event: LoggedEvent
    summary: str

    @property
    def state(self) -> str:
        return "resolved" if self.matter.is_open is False else self.matter.worst


def of_batch(
    row: StandingSubscription,
    types: Mapping[str, EventType],
    epoch: str,
    batch: Batch,
    events: Mapping[int, LoggedEvent],
) -> Message | None:
    """Return what tells of these matters; None if their events are gone, or are not for the owner any more."""
    found = ((each, events.get(each.position)) for each in batch.matters.values())
    lines = [
        Line(each, event, types[event.type].summarise(data_of(event)))
        for each, event in found
        if event is not None and event.type in types
    ]
    if not lines:
        return None
    last = position_id(epoch, max(each.event.position for each in lines))
    body = "\n".join([*written(lines, epoch), "", *why(row), *mute(row, batch.key), ""])
    return Message(f"{row.pk}-{last}", body.encode(), TEXT, title=title_of(row, lines))


def data_of(event: LoggedEvent) -> dict[str, Any]:
    return msgspec.json.decode(event.data, type=dict[str, Any])


def title_of(row: StandingSubscription, lines: list[Line]) -> str:
    if len(lines) == 1:
        return cut(f"{lines[0].state}: {lines[0].summary}", MAX_TITLE)
    resolved = sum(each.matter.is_open is False for each in lines)
    counts = [f"{count} {word}" for count, word in ((len(lines) - resolved, "new"), (resolved, "resolved")) if count]
    return cut(f"{row.name}: {', '.join(counts)}", MAX_TITLE)


def written(lines: list[Line], epoch: str) -> Iterator[str]:
    for each in lines:
        before = f" ({each.matter.count} events)" if each.matter.count > 1 else ""
        yield f"{each.state}: {each.summary}{before}"
        event = link(f"events/e/{position_id(epoch, each.event.position)}")
        yield f"  {each.event.timestamp:%Y-%m-%d %H:%M:%S} UTC  {event}"


def why(row: StandingSubscription) -> list[str]:
    types = ", ".join(row.event_types)
    return [
        f"You get this because of the delivery “{legible(row.name)}” of {legible(row.owner.get_username())}: {types}.",
        f"Change it: {link('deliveries')}",
    ]


def mute(row: StandingSubscription, key: str) -> list[str]:
    what = f"“{legible(key)}”" if key else "this"
    return [f"Mute {what} for an hour: {link(f'deliveries/mute/{token_of(row.pk, key)}')}"]


def of_gap(row: StandingSubscription, epoch: str) -> Message:
    """Return what tells that events are missing."""
    because = GAPS.get(row.gap_reason, row.gap_reason)
    body = "\n".join([f"Some events were not sent to you: {because}.", "", *why(row), ""])
    return Message(f"gap-{position_id(epoch, row.position)}", body.encode(), TEXT, title="Events are missing")


def of_test(row: StandingSubscription, epoch: str, now: datetime) -> Message:
    body = "\n".join(["This is a test: events will come like this.", "", *why(row), ""])
    id = f"test-{position_id(epoch, row.position)}-{int(now.timestamp())}"
    return Message(id, body.encode(), TEXT, title=cut(f"Test of {legible(row.name)}", MAX_TITLE))


def link(path: str) -> str:
    """Return an address of this installation, as people see it in their browsers."""
    origins: list[str] = settings.EVENTHUB_ALLOWED_ORIGINS
    return f"{origins[0].rstrip('/') if origins else ''}{settings.EVENTHUB_PATH}/{path}"
