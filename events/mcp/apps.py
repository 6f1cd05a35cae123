"""The Django app `events.mcp`: it registers the servers as options of filters."""

from __future__ import annotations

from django.apps import AppConfig


class McpConfig(AppConfig):
    name = "events.mcp"
    label = "mcp"
    verbose_name = "MCP fleet"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Models can be imported only from here on.
        from events import options
        from events.mcp.models import server_names
        from events.mcp.page.find import servers
        from events.mcp.page.first_step import register_a_server
        from events.page import first_steps
        from events.page.search import finders

        options.register("mcp_servers", options.OptionSource("MCP servers", load=server_names, model="mcp.mcpserver"))
        finders.FINDERS.append(servers)
        first_steps.STEPS.insert(0, register_a_server)
