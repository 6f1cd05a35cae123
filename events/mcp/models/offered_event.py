"""The kinds of events that MCP servers offer (MCP Events), and how far those are read that an admin wants here."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.formats import date_format

from events.mcp.breaker import Circuit, Status
from events.models import EventType

MAX_NAME = 120  # characters; with a server's name before it, it is the source of events
MAX_DESCRIPTION = 500  # characters
MAX_SCHEMA = 16 * 1024  # bytes of JSON; a longer one is taken for none
MAX_CURSOR = 2_000  # characters
MAX_ERROR = 300  # characters


class OfferedEventQuerySet(models.QuerySet["OfferedEvent"]):
    def mirrored(self) -> OfferedEventQuerySet:
        """Select those whose events are broadcast here. An event type that is switched off waits: nothing is lost."""
        return self.filter(is_mirrored=True, event_type__is_active=True)

    def due(self, now: datetime) -> OfferedEventQuerySet:
        """Select those that are to be polled, the longest due first; of servers that are not asked there are none."""
        rows = self.mirrored().filter(Q(next_poll_at=None) | Q(next_poll_at__lte=now), server__status=Status.ACTIVE)
        rows = rows.exclude(server__state__circuit_state=Circuit.OPEN)
        return rows.order_by(F("next_poll_at").asc(nulls_first=True))


class OfferedEvent(models.Model):
    server = models.ForeignKey("mcp.McpServer", on_delete=models.CASCADE, related_name="offered_events")
    name = models.CharField(max_length=MAX_NAME)
    description = models.CharField(max_length=MAX_DESCRIPTION, blank=True)
    payload_schema = models.JSONField(default=dict, blank=True)
    is_offered = models.BooleanField("offered", default=True)  # by the server's last list
    is_mirrored = models.BooleanField(
        "broadcast here", default=False, help_text="Poll this server, and broadcast each of these events here."
    )
    event_type = models.ForeignKey(
        EventType, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    cursor = models.CharField(max_length=MAX_CURSOR, blank=True)  # all before it is here; empty: from now on
    next_poll_at = models.DateTimeField(null=True, blank=True)
    polled_at = models.DateTimeField("last poll", null=True, blank=True)
    event_at = models.DateTimeField("last event", null=True, blank=True)
    missing_at = models.DateTimeField("events missing", null=True, blank=True)  # when the server last said so
    refused = models.PositiveIntegerField(default=0)  # events that are none, or too large for the log
    error = models.CharField(max_length=MAX_ERROR, blank=True)  # of the last poll

    objects: ClassVar = OfferedEventQuerySet.as_manager()

    class Meta:
        ordering = ("server__name", "name")
        default_permissions = ("view", "change")
        verbose_name = "event of an MCP server"
        verbose_name_plural = "events of MCP servers"
        constraints = (models.UniqueConstraint(fields=["server", "name"], name="mcp_offered_event_once"),)

    def __str__(self) -> str:
        return f"{self.name} of {self.server}"

    @property
    def source(self) -> str:
        """Return what its events have as source. Their ids are of this source alone."""
        return f"mcp:{self.server.name}/{self.name}"

    @property
    def is_in_trouble(self) -> bool:
        return bool(self.error or self.missing_at or self.refused)

    @property
    def in_words(self) -> str:
        """Return how the reading of these events goes."""
        said = [] if self.is_offered else ["The server offers it no longer."]
        if not self.is_mirrored:
            return " ".join(said) or "Not broadcast here."
        if self.missing_at:
            said.append(f"Events are missing before {date_format(self.missing_at, 'DATETIME_FORMAT')}.")
        if self.refused:
            said.append(f"{self.refused:,} could not be taken: no event, too large, or with the id of another one.")
        if self.error:
            said.append(self.error)
        elif self.event_at:
            said.append(f"Last event at {date_format(self.event_at, 'DATETIME_FORMAT')}.")
        else:
            said.append("No event yet." if self.polled_at else "It has not been polled yet.")
        return " ".join(said)
