"""The fleet's own among the first steps with a new installation."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.urls import reverse

from events.mcp.models import McpServer
from events.page.first_steps import Step


def register_a_server(user: AbstractUser) -> Step:
    return Step("Register an MCP server", reverse("admin:mcp_mcpserver_add"), McpServer.objects.exists())
