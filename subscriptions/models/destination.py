"""Where the events of a standing subscription go, with which secret, and how a person wants to be told."""

from __future__ import annotations

from django.db import models

from events.core.event_types import SEVERITIES
from events.outbound.origin import origin_text
from subscriptions.models.standing import StandingSubscription

MAX_GROUP_BY = 64  # characters


class Destination(models.Model):
    """A row of its own, so that nobody who lists or exports standing subscriptions reads its secrets by the way."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "webhook"
        MAIL = "mail", "e-mail"
        ALERTMANAGER = "alertmanager", "Alertmanager"
        CHAT = "chat", "chat or paging"

    class Format(models.TextChoices):
        EVENT = "event", "the event, as sockets get it"
        CLOUDEVENTS = "cloudevents", "CloudEvents 1.0, structured"
        AGENT = "mcp_events", "MCP Events, as agents get it"

    standing = models.OneToOneField(
        StandingSubscription, on_delete=models.CASCADE, primary_key=True, related_name="destination", editable=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    address = models.CharField(max_length=2_000, help_text="A URL, or the address of a mailbox.")
    format = models.CharField(max_length=16, choices=Format, default=Format.EVENT)
    parallel = models.PositiveSmallIntegerField(
        default=1, help_text="Deliveries at once, 1 to 8. With more than one, events may arrive out of order."
    )
    # Encrypted (subscriptions.standing.secret), or env:EVENTHUB_DESTINATION_NAME.
    secret = models.TextField(blank=True, editable=False)
    former_secret = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)
    # How a person is told; of no meaning to systems.
    group_by = models.CharField(max_length=MAX_GROUP_BY, blank=True)  # a member; empty: all in one group
    least_severity = models.CharField(max_length=8, choices=[(each, each) for each in SEVERITIES], default="info")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    daily_at = models.TimeField(null=True)
    time_zone = models.CharField(max_length=64, default="UTC")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.shown}"

    @classmethod
    def formats_to_choose(cls) -> list[tuple[str, str]]:
        """Return those that people may choose, with their labels; the last one takes an agent that refreshes."""
        return [each for each in cls.Format.choices if each[0] != cls.Format.AGENT]

    @property
    def shown(self) -> str:
        """Return what may be told of the address to others: the path of a webhook may be a secret of its receiver."""
        return origin_text(self.address) if self.kind in (self.Kind.WEBHOOK, self.Kind.ALERTMANAGER) else self.address

    @property
    def is_for_people(self) -> bool:
        return self.kind in (self.Kind.MAIL, self.Kind.CHAT)
