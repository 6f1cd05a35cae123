"""A server's history: each change of its health, its circuit, or whether it is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from events.mcp.models.server import McpServer

KEPT = 1_000  # transitions of a server, some 0.2 kB each: of one that goes up and down all the time, the last days


class Transitions(models.QuerySet["McpTransition"]):
    def prune(self, server: McpServer) -> None:
        """Delete a server's oldest, all but the newest KEPT."""
        of_server = self.filter(server=server).order_by("-pk")
        if oldest := of_server.values_list("pk", flat=True)[KEPT : KEPT + 1].first():
            of_server.filter(pk__lte=oldest).delete()


class McpTransition(models.Model):
    """One change of one axis of a server, as it happened. Never edited; deleted with its server, or when
    it is an old one."""

    class Axis(models.TextChoices):
        HEALTH = "health", "Health"
        CIRCUIT = "circuit", "Circuit"
        STATUS = "status", "Status"

    server = models.ForeignKey("mcp.McpServer", on_delete=models.CASCADE, related_name="transitions")
    at = models.DateTimeField("time")
    axis = models.CharField(max_length=7, choices=Axis)
    old = models.CharField(max_length=10)
    new = models.CharField(max_length=10)
    reason = models.CharField(max_length=300, blank=True)

    objects = Transitions.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = "transition"
        indexes = (models.Index(fields=["server", "-id"], name="mcp_transition_newest"),)

    def __str__(self) -> str:
        return f"{self.axis}: {self.old} → {self.new}"
