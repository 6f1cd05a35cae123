"""A standing subscription: what somebody wants to be sent who holds no socket, and how far that has come."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F

from events.core.position import position_id
from subscriptions.models.delivery_lease import DeliveryLease

MAY_USE_WEBHOOKS = "subscriptions.use_webhooks"
MAY_MAIL_OTHERS = "subscriptions.mail_others"
MAY_USE_CHAT = "subscriptions.use_chat"
MAX_NAME = 100  # characters
MAX_REASON = 500  # characters


class StandingSubscription(models.Model):
    """`position` is the watermark: everything up to it that matches was acknowledged, given up, or has a row of its own
    as a failed delivery. The process that delivers moves it, as long as nobody has changed `generation` meanwhile."""

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        PAUSED = "paused", "paused"
        SUSPENDED = "suspended", "suspended"
        ENDED = "ended", "ended"

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="standing")
    name = models.CharField(max_length=MAX_NAME)
    event_types = models.JSONField()
    filters = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    reason = models.CharField(max_length=MAX_REASON, blank=True)  # of its state, or of having been narrowed
    epoch = models.CharField(max_length=16)
    position = models.PositiveBigIntegerField()
    gap_reason = models.CharField(max_length=16, blank=True)  # why events are missing, until the destination was told
    generation = models.PositiveBigIntegerField(default=1)
    test_asked = models.BooleanField(default=False)  # of a destination that only the process that delivers can reach
    created_at = models.DateTimeField(auto_now_add=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=MAX_REASON, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("pk",)
        permissions = (
            ("use_webhooks", "Can have events delivered to webhooks"),
            ("mail_others", "Can have events mailed to other addresses"),
            ("use_chat", "Can have events delivered to chat and paging"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def handle(self) -> str:
        """Return what an agent calls it; empty if people made it."""
        agent = getattr(self, "agent", None)
        return "" if agent is None else str(agent.handle)

    @property
    def watermark(self) -> str:
        return position_id(self.epoch, self.position)

    def change(self, **columns: Any) -> None:
        """Write what a person has changed. Whatever the process that delivers knows of it until then is void."""
        for name, value in columns.items():
            setattr(self, name, value)
        changed = StandingSubscription.objects.filter(pk=self.pk)
        changed.update(**columns, generation=F("generation") + 1)
        DeliveryLease.bump()
