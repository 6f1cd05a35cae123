"""Where the events of a standing subscription go, and with which secret."""

from __future__ import annotations

from django.db import models

from events.outbound.origin import origin_text
from subscriptions.models.standing import StandingSubscription


class Destination(models.Model):
    """A row of its own, so that nobody who lists or exports standing subscriptions reads its secrets by the way."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "webhook"

    class Format(models.TextChoices):
        EVENT = "event", "the event, as sockets get it"
        CLOUDEVENTS = "cloudevents", "CloudEvents 1.0, structured"
        AGENT = "mcp_events", "MCP Events, as agents get it"

    standing = models.OneToOneField(
        StandingSubscription, on_delete=models.CASCADE, primary_key=True, related_name="destination", editable=False
    )
    kind = models.CharField(max_length=16, choices=Kind)
    address = models.CharField(max_length=2_000, help_text="The URL of the webhook.")
    format = models.CharField(max_length=16, choices=Format, default=Format.EVENT)
    parallel = models.PositiveSmallIntegerField(
        default=1, help_text="Deliveries at once, 1 to 8. With more than one, events may arrive out of order."
    )
    # Encrypted (subscriptions.standing.secret), or env:EVENTHUB_DESTINATION_NAME.
    secret = models.TextField(blank=True, editable=False)
    former_secret = models.TextField(blank=True, editable=False)
    former_until = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.shown}"

    @classmethod
    def formats_to_choose(cls) -> list[tuple[str, str]]:
        """Return those that people may choose, with their labels; the last one takes an agent that refreshes."""
        return [each for each in cls.Format.choices if each[0] != cls.Format.AGENT]

    @property
    def shown(self) -> str:
        """Return what may be told of the address to others: the path of a webhook may be a secret of its receiver."""
        return origin_text(self.address) if self.kind == self.Kind.WEBHOOK else self.address
