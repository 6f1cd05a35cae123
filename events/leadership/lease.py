"""Who of several processes leads.

The lease is one row, taken and renewed by conditional UPDATEs that compare times of the database's clock alone, so that
a process's own clock, or a long sleep of its machine, decides nothing. SQLite's clock is that of its machine, which may
be set back: a lease that ends later than one that is taken now is void.
The row is also the fence: a process that writes what only the leader may write locks the row first, by its epoch. So
one that has lost the lease writes nothing more.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Self

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

TTL = timedelta(seconds=15)  # how long a leader that is not heard of stays the leader
LONGEST_STEP = 2**20  # from one epoch to the next: so seldom do two that follow the same one have the same
CLOCK_STEP = timedelta(seconds=1)  # by which a clock may be set back without a change of the leader


class LeaseLost(Exception):
    message = "Another process leads now: nothing was written."

    def __init__(self) -> None:
        super().__init__(self.message)


class Lease(models.Model):
    """One row. `epoch` rises with each leader, by a random step: a standby that was promoted may not know of the last
    leader, whose epoch must not be another's as well."""

    holder = models.CharField(max_length=200, blank=True)
    epoch = models.PositiveBigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    lasts = models.DurationField(default=TTL)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"epoch {self.epoch}, held by {self.holder or 'nobody'}"

    @classmethod
    def take(cls, holder: str, ttl: timedelta = TTL) -> int | None:
        """Take the lease if it is free or has expired. Return its epoch then, else None."""
        with transaction.atomic():
            cls._exists()
            step = random.randint(1, LONGEST_STEP)
            taken = {"holder": holder, "epoch": F("epoch") + step, "expires_at": Now() + ttl, "lasts": ttl}
            if not cls._default_manager.exclude(cls._held()).update(**taken):
                return None
            return cls._default_manager.get().epoch

    @classmethod
    def renew(cls, epoch: int, ttl: timedelta = TTL) -> None:
        """Renew a lease. One that has expired, but that nobody has taken, can still be renewed. Raises LeaseLost."""
        if not cls._default_manager.filter(epoch=epoch).update(expires_at=Now() + ttl, lasts=ttl):
            raise LeaseLost

    @classmethod
    def give_back(cls, epoch: int) -> None:
        cls._default_manager.filter(epoch=epoch).update(holder="", expires_at=None)

    @classmethod
    def lock(cls, epoch: int | None = None) -> Self:
        """Keep every other writer out of what the lease guards until this transaction ends. A leader gives the epoch in
        which it leads. Raises LeaseLost."""
        if epoch is None:
            cls._exists()
        row = cls._default_manager.select_for_update().first()
        if row is None or epoch not in (None, row.epoch):
            raise LeaseLost
        return row

    @classmethod
    def _exists(cls) -> None:
        """Make the row if it was lost, for example by `manage.py flush`. Whoever led until then does not lead the new
        one."""
        if not cls._default_manager.exists():
            row = cls(epoch=random.getrandbits(40))
            row.pk = 1
            cls._default_manager.bulk_create([row], ignore_conflicts=True)

    @classmethod
    def is_held(cls) -> bool:
        """Return whether somebody leads."""
        return cls._default_manager.filter(cls._held()).exists()

    @staticmethod
    def _held() -> models.Q:
        latest = Now() + F("lasts") + CLOCK_STEP
        return models.Q(expires_at__isnull=False, expires_at__gte=Now(), expires_at__lte=latest)
