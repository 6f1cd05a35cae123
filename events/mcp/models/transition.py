from __future__ import annotations

from django.db import models


class McpTransition(models.Model):
    """One change of one axis of a server, as it happened. Never edited; deleted with its server."""

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

    class Meta:
        ordering = ("-id",)
        verbose_name = "transition"
        indexes = (models.Index(fields=["server", "-id"], name="mcp_transition_newest"),)

    def __str__(self) -> str:
        return f"{self.axis}: {self.old} → {self.new}"
