"""The log: what happened, in one durable order."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import models

from events.core.position import position_id
from events.models.event_type import EventType


def new_epoch() -> str:
    return secrets.token_hex(8)


SPAN = 4096  # events; a search by time reads at most so many in vain at each of its ends


BEGINNING, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    return (moment - BEGINNING) // MICROSECOND


class LogHead(models.Model):
    """One row: the log's lifetime (`epoch`, 64 random bits), its last place, and the span that is being filled: of the
    events after `span_after` up to `span_last` the earliest and the latest time."""

    epoch = models.CharField(max_length=16, default=new_epoch)
    position = models.PositiveBigIntegerField(default=0)
    span_after = models.PositiveBigIntegerField(default=0)
    span_last = models.PositiveBigIntegerField(default=0)
    # Microseconds since 1970: to read and write times as such is 40 µs of each broadcast.
    span_earliest = models.BigIntegerField(null=True)
    span_latest = models.BigIntegerField(null=True)
    pruned_at = models.DateTimeField(null=True)  # when retention was last applied
    # The process that places the events of all, while it says so; `events.log.sequencer`.
    sequencer = models.CharField(max_length=16, default="")
    sequenced_until = models.DateTimeField(null=True)  # by the database's clock
    # Of PostgreSQL, when the epoch began: another one tells that a standby was promoted, which begins another epoch.
    timeline = models.CharField(max_length=8, default="")

    def __str__(self) -> str:
        return position_id(self.epoch, self.position)


class MovingHead(msgspec.Struct):
    """What each event moves of the log's head. A row of Django's takes ten times as long to make."""

    epoch: str
    position: int
    span_after: int
    span_last: int
    span_earliest: int | None
    span_latest: int | None

    def advance(self, timestamps: Sequence[datetime]) -> LogSpan | None:
        """Move by an event for each of these times, which are not empty; the span that is full by that, to be saved."""
        if self.span_last != self.position:  # whoever placed those between knew of no spans: they are in none
            self.span_after, self.span_earliest, self.span_latest = self.position, None, None
        self.position += len(timestamps)
        self.span_last = self.position
        earliest, latest = microseconds(min(timestamps)), microseconds(max(timestamps))
        self.span_earliest = earliest if self.span_earliest is None else min(self.span_earliest, earliest)
        self.span_latest = latest if self.span_latest is None else max(self.span_latest, latest)
        if self.position - self.span_after < SPAN:
            return None
        full = LogSpan(
            first=self.span_after + 1,
            last=self.position,
            earliest=BEGINNING + self.span_earliest * MICROSECOND,
            latest=BEGINNING + self.span_latest * MICROSECOND,
        )
        self.span_after, self.span_earliest, self.span_latest = self.position, None, None
        return full


class Positions(NamedTuple):
    """Those above `after` and below `before`."""

    after: int
    before: int


class LogSpanQuerySet(models.QuerySet["LogSpan"]):
    def may_have(self, since: datetime | None, until: datetime | None, among: Positions) -> list[Positions]:
        """Return where among these positions events from `since` on and before `until` may be, newest first: everywhere
        but in the spans that have none."""
        outside = models.Q(pk__in=())
        if since is not None:
            outside |= models.Q(latest__lt=since)
        if until is not None:
            outside |= models.Q(earliest__gte=until)
        left_out = self.filter(outside, last__gt=among.after, first__lt=among.before).order_by("-first")
        found, before = [], among.before
        for first, last in left_out.values_list("first", "last"):
            if last + 1 < before:
                found.append(Positions(last, before))
            before = first
        return [*found, Positions(among.after, before)] if among.after + 1 < before else found


class LogSpan(models.Model):
    """Some events that follow each other, and between which times they happened.

    Positions are the order of commits; times are what the clocks of several machines said, some of which are wrong, or
    were set. So a time is not looked for by halving the log: the spans that cannot have it are left out. What is in no
    span is looked through."""

    first = models.PositiveBigIntegerField(primary_key=True)
    last = models.PositiveBigIntegerField()
    earliest = models.DateTimeField()
    latest = models.DateTimeField()

    objects = LogSpanQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class EventQuerySet(models.QuerySet["Event"]):
    def pending(self) -> EventQuerySet:
        """Select events that are committed, or about to be, but not yet placed."""
        return self.filter(position__isnull=True)

    def after(self, position: int) -> EventQuerySet:
        return self.filter(position__gt=position).order_by("position")

    def placed_before(self, event_type: str, moment: datetime) -> EventQuerySet:
        """Select events of a type that are in the log's order and older than this."""
        return self.filter(type_id=event_type, position__isnull=False, timestamp__lt=moment)

    def before(self, position: int) -> EventQuerySet:
        return self.filter(position__lt=position).order_by("-position")

    def happened(self, since: datetime | None, until: datetime | None) -> EventQuerySet:
        """Select events from `since` on and before `until`."""
        not_before = self if since is None else self.filter(timestamp__gte=since)
        return not_before if until is None else not_before.filter(timestamp__lt=until)

    def within(self, positions: Positions) -> EventQuerySet:
        return self.filter(position__gt=positions.after, position__lt=positions.before)


class Event(models.Model):
    """One occurrence, immutable. `position` is null until it is placed; positions have no hole and follow commits."""

    position = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    # It needs no index of its own: that of types and positions, below, serves.
    type = models.ForeignKey(EventType, on_delete=models.PROTECT, related_name="+", db_index=False)
    severity = models.CharField(max_length=8)
    timestamp = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)
    # JSON as text, not a JSONField: what was broadcast is what is sent, byte for byte, without parsing it again,
    # and PostgreSQL's jsonb would refuse \u0000 and reorder the members.
    data = models.TextField()

    epoch = ""  # no column: that of its position, where that was found out together with it

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["type", "position"], name="event_type_position"),
            models.Index(fields=["id"], condition=models.Q(position__isnull=True), name="event_pending"),
        )

    def __str__(self) -> str:
        return f"{self.type_id} {self.position if self.position is not None else 'pending'}"

    @property
    def payload(self) -> dict[str, Any]:
        return msgspec.json.decode(self.data, type=dict[str, Any])
