"""All addresses of eventhub but those that a whole site has: its start, where one signs in, the admin. A project
includes them, at the root."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path

from eventhub.contract import views as contract
from eventhub.hub.views import hub
from events.mcp.page import told
from subscriptions.page.told import standing

app_name = "eventhub"  # so that the names are ours alone

told.REQUESTS.append(standing)
urlpatterns = [
    path("", include("events.mcp.urls")),
    path("", include("events.urls")),
    path("", include("subscriptions.urls")),
    path("api/v1/openapi.json", contract.OpenApiView.as_view(), name="openapi"),
    path("api/v1/asyncapi.json", contract.AsyncApiView.as_view(), name="asyncapi"),
    re_path("^api/docs/?$", contract.docs, name="api_docs"),
    re_path("^account/sign-out/?$", LogoutView.as_view(), name="logout"),
    path("admin/hub/", admin.site.admin_view(hub), name="hub"),
]
