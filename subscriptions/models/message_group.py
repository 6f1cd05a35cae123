"""What a person has not been told yet, and which of what they were told is not over: a row for each group."""

from __future__ import annotations

from django.db import models

from subscriptions.models.standing import StandingSubscription

MAX_KEY = 200  # characters


class MessageGroup(models.Model):
    """It is written with the watermark in one transaction, so that both know the same events. `matters` has positions
    of the log, and nothing of what the events say."""

    standing = models.ForeignKey(StandingSubscription, on_delete=models.CASCADE, related_name="groups")
    epoch = models.CharField(max_length=16)
    key = models.CharField(max_length=MAX_KEY, blank=True)  # the value of the member that groups
    matters = models.JSONField(default=dict)
    waiting_since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    again_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("standing", "epoch", "key"), name="message_group_once"),)

    def __str__(self) -> str:
        return self.key or "everything"
