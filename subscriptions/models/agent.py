"""What an agent's subscription has besides those of people: a handle, an end, and the token that it came with."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from subscriptions.models.standing import StandingSubscription

MAX_HANDLE = 40  # characters
MAX_DIGEST = 128  # characters, as knox has it


class AgentSubscriptionQuerySet(models.QuerySet["AgentSubscription"]):
    def over(self, now: datetime) -> AgentSubscriptionQuerySet:
        """Select those that were not refreshed in time, and those that have ended."""
        return self.filter(Q(expires_at__lte=now) | Q(standing__state=StandingSubscription.State.ENDED))


class AgentSubscription(models.Model):
    """It ends with its token, or if it is not refreshed. `verified_at`: when the address last answered a challenge."""

    standing = models.OneToOneField(
        StandingSubscription, on_delete=models.CASCADE, primary_key=True, related_name="agent", editable=False
    )
    handle = models.CharField(max_length=MAX_HANDLE, unique=True)
    token_digest = models.CharField(max_length=MAX_DIGEST)
    expires_at = models.DateTimeField()
    verified_at = models.DateTimeField()

    objects = AgentSubscriptionQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.handle

    def is_over(self, now: datetime) -> bool:
        return self.expires_at <= now or self.standing.state == StandingSubscription.State.ENDED
