"""A group of which somebody does not want to hear for a while: the row is also the mark that a link was used."""

from __future__ import annotations

from django.db import models

from subscriptions.models.message_group import MAX_KEY
from subscriptions.models.standing import StandingSubscription


class Mute(models.Model):
    standing = models.ForeignKey(StandingSubscription, on_delete=models.CASCADE, related_name="mutes")
    key = models.CharField(max_length=MAX_KEY, blank=True)  # of the group
    link = models.CharField(max_length=32, unique=True)  # what makes the link one of its own
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key or 'everything'} until {self.until:%Y-%m-%d %H:%M} UTC"
