"""Who of several monitors leads.

The lease is one row, taken and renewed by conditional UPDATEs that compare times of the database's clock alone, so that
a monitor's own clock, or a long sleep of its machine, decides nothing. SQLite's clock is that of its machine, which may
be set back: a lease that ends later than one that is taken now is void.
The row is also the fence: a process that writes the state of servers locks the row first, a monitor by its epoch. So a
monitor that has lost the lease writes nothing more.
"""

from __future__ import annotations

import random
from datetime import timedelta

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

TTL = timedelta(seconds=15)  # how long a leader that is not heard of stays the leader
CLOCK_STEP = timedelta(seconds=1)  # by which a clock may be set back without a change of the leader


class LeaseLost(Exception):
    message = "Another monitor leads now: nothing was written."

    def __init__(self) -> None:
        super().__init__(self.message)


class MonitorLease(models.Model):
    """One row. `epoch` counts the leaders."""

    class Monitoring(models.TextChoices):
        UP = "up", "up"
        DEGRADED = "degraded", "degraded: the fleet guard has tripped"
        CUT_OFF = "cut_off", "degraded: the canary does not answer"

    holder = models.CharField(max_length=200, blank=True)
    epoch = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    lasts = models.DurationField(default=TTL)
    # What the last `component_health` of the monitor said; kept here, so that a new leader says nothing twice.
    monitoring = models.CharField(max_length=8, choices=Monitoring, default=Monitoring.UP)
    troubled_at = models.DateTimeField(null=True)  # when the fleet guard last had a reason

    def __str__(self) -> str:
        return f"epoch {self.epoch}, held by {self.holder or 'nobody'}"

    @classmethod
    def take(cls, holder: str, ttl: timedelta = TTL) -> int | None:
        """Take the lease if it is free or has expired. Return its epoch then, else None."""
        with transaction.atomic():
            cls._exists()
            taken = {"holder": holder, "epoch": F("epoch") + 1, "expires_at": Now() + ttl, "lasts": ttl}
            if not cls.objects.exclude(cls._held()).update(**taken):
                return None
            return cls.objects.get().epoch

    @classmethod
    def renew(cls, epoch: int, ttl: timedelta = TTL) -> None:
        """Renew a lease. One that has expired, but that nobody has taken, can still be renewed. Raises LeaseLost."""
        if not cls.objects.filter(epoch=epoch).update(expires_at=Now() + ttl, lasts=ttl):
            raise LeaseLost

    @classmethod
    def give_back(cls, epoch: int) -> None:
        cls.objects.filter(epoch=epoch).update(holder="", expires_at=None)

    @classmethod
    def lock(cls, epoch: int | None = None) -> MonitorLease:
        """Keep every other writer of servers' states out until this transaction ends. A monitor gives the epoch in
        which it leads. Raises LeaseLost."""
        if epoch is None:
            cls._exists()
        row = cls.objects.select_for_update().first()
        if row is None or epoch not in (None, row.epoch):
            raise LeaseLost
        return row

    @classmethod
    def _exists(cls) -> None:
        """Make the row if it was lost, for example by `manage.py flush`. Whoever led until then does not lead the new
        one."""
        if not cls.objects.exists():
            row = MonitorLease(pk=1, epoch=random.getrandbits(40))
            MonitorLease.objects.bulk_create([row], ignore_conflicts=True)

    @classmethod
    def is_held(cls) -> bool:
        """Return whether a monitor leads."""
        return cls.objects.filter(cls._held()).exists()

    @staticmethod
    def _held() -> models.Q:
        latest = Now() + F("lasts") + CLOCK_STEP
        return models.Q(expires_at__isnull=False, expires_at__gte=Now(), expires_at__lte=latest)
