"""Which of several processes delivers, and how often people have changed something that it should read again."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from events.leadership.lease import Lease
from events.notify import doorbell
from events.notify.committed import after_commit


class DeliveryLease(Lease):
    """The row is also the fence of what the leader writes."""

    changes = models.PositiveBigIntegerField(default=0)

    @classmethod
    def bump(cls) -> None:
        """Tell the process that delivers that somebody has changed a standing subscription."""
        cls._exists()
        cls.objects.update(changes=F("changes") + 1)
        after_commit("Ringing", doorbell.ring_control)
