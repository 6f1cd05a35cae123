from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from eventhub.health import healthz, readyz
from events.api import NoSuchCall

urlpatterns = [
    path("", RedirectView.as_view(url="/events")),
    path("", include("events.urls")),
    path("api/v1/events/", include("events.mcp.urls")),
    re_path("^api/", NoSuchCall.as_view()),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
]

handler500 = "eventhub.unavailable.failed"
