"""The processes that run: each keeps a row of what it does, and looks there for connections that it shall end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from django.db import models, transaction
from django.db.models import ExpressionWrapper, F
from django.db.models.functions import Now

FORGOTTEN_AFTER = timedelta(minutes=2)  # without a heartbeat
MAX_ENDING = 100  # connections that a process is asked to end at once


class HubProcessQuerySet(models.QuerySet["HubProcess"]):
    def with_age(self) -> HubProcessQuerySet:
        """Add `age`, the time since the last heartbeat, by the clock of the database that wrote it."""
        age = ExpressionWrapper(Now() - F("heartbeat"), output_field=models.DurationField())
        return self.annotate(age=age).order_by("role", "host", "started")


class HubProcess(models.Model):
    """A process, by a name that no other has. All times are of the database's clock."""

    id = models.CharField(max_length=32, primary_key=True)
    role = models.CharField(max_length=16)  # web, monitor or deliver
    host = models.CharField(max_length=200)
    pid = models.PositiveIntegerField()
    started = models.DateTimeField(db_default=Now())
    heartbeat = models.DateTimeField(db_default=Now(), db_index=True)
    state = models.TextField(default="{}")  # JSON, as `eventhub.hub.state` writes it
    ending = models.TextField(default="[]")  # JSON: ids of connections that it shall end

    objects = HubProcessQuerySet.as_manager()

    class Meta:
        verbose_name = "hub process"
        verbose_name_plural = "hub processes"

    def __str__(self) -> str:
        return f"{self.role} {self.pid} on {self.host}"

    @property
    def shown(self) -> dict[str, Any]:
        """Return the state."""
        return msgspec.json.decode(self.state, type=dict[str, Any])

    def beat(self, state: str) -> list[str]:
        """Write the state and that this process lives, and return the ids of connections that it shall end. Rows of
        processes that are gone are deleted."""
        rows = HubProcess.objects.filter(pk=self.pk)
        with transaction.atomic():
            if not rows.update(heartbeat=Now(), state=state):
                self.state = state
                self.save(force_insert=True)
                return []
            ending: list[str] = msgspec.json.decode(rows.values_list("ending", flat=True).get(), type=list[str])
            if ending:
                rows.update(ending="[]")
            HubProcess.objects.filter(heartbeat__lt=Now() - FORGOTTEN_AFTER).delete()
        return ending

    @classmethod
    def ask_to_end(cls, process: str, connections: Sequence[str]) -> bool:
        """Ask a process to end these connections; False if there is no such process, or it has too many to end."""
        with transaction.atomic():
            row = cls.objects.select_for_update().filter(pk=process).first()
            if row is None:
                return False
            ending = list(dict.fromkeys([*msgspec.json.decode(row.ending, type=list[str]), *connections]))
            if len(ending) > MAX_ENDING:
                return False
            return bool(cls.objects.filter(pk=process).update(ending=msgspec.json.encode(ending).decode()))
