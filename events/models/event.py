"""The log: what happened, in one durable order."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import msgspec
from django.db import models

from events.models.event_type import EventType


def new_epoch() -> str:
    return secrets.token_hex(8)


class LogHead(models.Model):
    """One row: the log's lifetime (`epoch`, 64 random bits) and its last place."""

    epoch = models.CharField(max_length=16, default=new_epoch)
    position = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return position_id(self.epoch, self.position)


def position_id(epoch: str, position: int) -> str:
    """A position as clients see it: opaque to them, and a valid `after`."""
    return f"{epoch}-{position}"


class EventQuerySet(models.QuerySet["Event"]):
    def pending(self) -> EventQuerySet:
        """Committed, or about to be, but not yet placed."""
        return self.filter(position__isnull=True)

    def after(self, position: int) -> EventQuerySet:
        return self.filter(position__gt=position).order_by("position")

    def placed_before(self, event_type: str, moment: datetime) -> EventQuerySet:
        """Events of a type that are in the log's order and older than this."""
        return self.filter(type_id=event_type, position__isnull=False, timestamp__lt=moment)

    def before(self, position: int) -> EventQuerySet:
        return self.filter(position__lt=position).order_by("-position")


class Event(models.Model):
    """One occurrence, immutable. `position` is null until it is placed; positions have no hole and follow commits."""

    position = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    type = models.ForeignKey(EventType, on_delete=models.PROTECT, related_name="+")
    severity = models.CharField(max_length=8)
    timestamp = models.DateTimeField()
    source = models.CharField(max_length=200, blank=True)
    # JSON as text, not a JSONField: what was broadcast is what is sent, byte for byte, without parsing it again,
    # and PostgreSQL's jsonb would refuse \u0000 and reorder the members.
    data = models.TextField()

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
