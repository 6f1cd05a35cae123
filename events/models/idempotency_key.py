"""What emitters have had logged under a key of their own, so that trying again logs nothing twice."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

KEPT_FOR = timedelta(hours=24)  # longer than any client goes on trying


def counting(now: datetime) -> tuple[datetime, datetime]:
    """Return of which times keys count: not too old ones, nor ones of a clock that was far ahead, which would count for
    long."""
    return now - KEPT_FOR, now + KEPT_FOR


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def expired(self, now: datetime) -> IdempotencyKeyQuerySet:
        return self.filter(created__lt=now - KEPT_FOR)


class IdempotencyKey(models.Model):
    """A key is its source's alone. The row is part of the transaction that its event is part of."""

    source = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=200)
    created = models.DateTimeField(db_index=True)  # also the event's timestamp
    body = models.CharField(max_length=64)  # digest of what was emitted
    claim = models.CharField(max_length=32)  # empty: earlier versions told by it which of several attempts has won
    # Not a foreign key: the event may be pruned, and events of an ephemeral type have no row.
    event_id = models.BigIntegerField(null=True)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "key"], name="one_event_of_a_key"),)

    def __str__(self) -> str:
        return f"{self.key} of {self.source}"
