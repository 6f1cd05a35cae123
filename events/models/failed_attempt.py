"""Who has failed to come in, and how often of late; events/access/attempts.py is what reads and writes it."""

from __future__ import annotations

from datetime import datetime

from django.db import models


class FailedAttemptQuerySet(models.QuerySet["FailedAttempt"]):
    def between(self, begin: datetime, end: datetime) -> FailedAttemptQuerySet:
        return self.filter(last__range=(begin, end))


class FailedAttempt(models.Model):
    """`key` is a digest: people type passwords where names belong."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField()
    last = models.DateTimeField(db_index=True)

    objects = FailedAttemptQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.failures} until {self.last:%Y-%m-%d %H:%M:%S}"
