"""Which of several monitors leads, and what the leader last said of the fleet as a whole."""

from __future__ import annotations

from django.db import models

from events.leadership.lease import Lease


class MonitorLease(Lease):
    """The row is also the fence of servers' states: whoever writes these locks it first."""

    class Monitoring(models.TextChoices):
        UP = "up", "up"
        DEGRADED = "degraded", "degraded: the fleet guard has tripped"
        CUT_OFF = "cut_off", "degraded: the canary does not answer"

    # What the last `component_health` of the monitor said; kept here, so that a new leader says nothing twice.
    monitoring = models.CharField(max_length=8, choices=Monitoring, default=Monitoring.UP)
    troubled_at = models.DateTimeField(null=True)  # when the fleet guard last had a reason
