"""An event that a destination did not take: tried again at a time, or given up and listed."""

from __future__ import annotations

from django.db import models

from subscriptions.models.standing import MAX_REASON, StandingSubscription


class FailedDeliveryQuerySet(models.QuerySet["FailedDelivery"]):
    def waiting(self) -> FailedDeliveryQuerySet:
        return self.filter(given_up_at__isnull=True)

    def given_up(self) -> FailedDeliveryQuerySet:
        return self.filter(given_up_at__isnull=False)


class FailedDelivery(models.Model):
    standing = models.ForeignKey(StandingSubscription, on_delete=models.CASCADE, related_name="failed")
    epoch = models.CharField(max_length=16)
    position = models.PositiveBigIntegerField()  # 0: the message that tells of a gap
    event_type = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField()
    next_at = models.DateTimeField()
    error_class = models.CharField(max_length=32)
    error = models.CharField(max_length=MAX_REASON)
    given_up_at = models.DateTimeField(null=True)

    objects = FailedDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("standing", "epoch", "position"), name="failed_delivery_once"),)

    def __str__(self) -> str:
        return f"{self.event_type} {self.position}: {self.error_class}"
