"""The addresses of the fleet."""

from __future__ import annotations

from django.urls import re_path

from events.mcp.api import McpListView
from events.mcp.http import servers
from events.mcp.page import server, status, views

SERVERS = "^api/v1/mcp-servers"
NAME = "(?P<name>[^/]{1,64})"

urlpatterns = [
    re_path(f"{SERVERS}/?$", servers.ServersView.as_view()),
    re_path(rf"{SERVERS}/mcp\.json$", servers.ClientConfigView.as_view()),
    re_path(f"{SERVERS}/{NAME}/?$", servers.ServerView.as_view()),
    re_path(f"{SERVERS}/{NAME}/(?P<verb>maintenance)/?$", servers.MaintenanceView.as_view()),
    re_path(f"{SERVERS}/{NAME}/(?P<verb>check|enable|disable|reset|approve-tools)/?$", servers.VerbView.as_view()),
    re_path("^api/v1/events/mcp-list/?$", McpListView.as_view()),
    re_path("^status/?$", status.status, name="status"),
    re_path(r"^status/(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,39})\.svg$", status.badge, name="badge"),
    re_path("^fleet/?$", views.fleet, name="fleet"),
    re_path("^fleet/(?P<id>[0-9]{1,18})/?$", server.server, name="fleet_server"),
    re_path("^fleet/(?P<id>[0-9]{1,18})/approve_tools$", server.approve, name="fleet_approve"),
    re_path("^fleet/(?P<id>[0-9]{1,18})/maintenance$", server.maintenance, name="fleet_maintenance"),
    re_path("^fleet/(?P<id>[0-9]{1,18})/(?P<verb>check|enable|disable|reset_circuit)$", views.act, name="fleet_act"),
]
