"""The MCP servers of the fleet, as admins register them."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from events.models import RegistryModel
from events.registry import Option

SERVER_NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]{0,63}\Z", "Use up to 64 lower-case letters, digits, underscores and hyphens."
)
WEB_ADDRESS = RegexValidator(r"(?i)^https?://", "An MCP server is reached by http:// or https:// only.")


class McpServer(RegistryModel):
    """A registry row, since its name is an option of every `mcp_names` filter."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Inactive"

    name = models.CharField(
        max_length=64, unique=True, validators=[SERVER_NAME], help_text="What events and filters call it: oracle_mcp."
    )
    title = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True, max_length=500)
    url = models.URLField("URL", max_length=500, validators=[WEB_ADDRESS], help_text="Its streamable HTTP endpoint.")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)

    class Meta:
        ordering = ("name",)
        verbose_name = "MCP server"

    def __str__(self) -> str:
        return self.title or self.name


def server_names() -> list[Option]:
    """The options of every `mcp_names` filter, inactive servers included."""
    return [Option(name, name) for name in McpServer.objects.values_list("name", flat=True)]
