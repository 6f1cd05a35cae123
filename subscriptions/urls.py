"""The addresses of standing subscriptions, of tickets, of the MCP server and of OAuth."""

from __future__ import annotations

from django.urls import re_path

from subscriptions.agents import view as agents
from subscriptions.agents.oauth import metadata
from subscriptions.http import api
from subscriptions.http.tickets import TicketsView
from subscriptions.page import mute, views

ID = "(?P<id>[0-9]{1,18})"
urlpatterns = [
    re_path("^mcp/?$", agents.mcp, name="mcp"),
    re_path("^oauth/authorize/?$", agents.authorize, name="oauth_authorize"),
    re_path("^oauth/token/?$", agents.token, name="oauth_token"),
    re_path("^[.]well-known/oauth-protected-resource(?P<path>/.*)?$", metadata.of_resource),
    re_path("^[.]well-known/oauth-authorization-server(?P<path>/.*)?$", metadata.of_server),
    re_path("^deliveries/?$", views.deliveries, name="deliveries"),
    re_path("^deliveries/new/?$", views.new, name="new_delivery"),
    re_path("^deliveries/mute/(?P<token>[A-Za-z0-9_:.-]{1,2000})/?$", mute.mute, name="delivery_mute"),
    re_path(f"^deliveries/{ID}/delete/?$", views.delete, name="delivery_delete"),
    re_path(f"^deliveries/{ID}/secret/?$", views.new_secret, name="delivery_secret"),
    re_path(f"^deliveries/{ID}/(?P<action>[a-z-]{{1,20}})/?$", views.act, name="delivery_act"),
    re_path("^api/v1/tickets/?$", TicketsView.as_view()),
    re_path("^api/v1/standing/?$", api.StandingListView.as_view()),
    re_path(f"^api/v1/standing/{ID}/?$", api.StandingView.as_view()),
    re_path(f"^api/v1/standing/{ID}/attempts/?$", api.AttemptsView.as_view()),
    re_path(f"^api/v1/standing/{ID}/(?P<action>[a-z-]{{1,20}})/?$", api.ActionView.as_view()),
]
