"""The addresses of standing subscriptions."""

from __future__ import annotations

from django.urls import re_path

from subscriptions.http import api

ID = "(?P<id>[0-9]{1,18})"
urlpatterns = [
    re_path("^api/v1/standing/?$", api.StandingListView.as_view()),
    re_path(f"^api/v1/standing/{ID}/?$", api.StandingView.as_view()),
    re_path(f"^api/v1/standing/{ID}/attempts/?$", api.AttemptsView.as_view()),
    re_path(f"^api/v1/standing/{ID}/(?P<action>[a-z-]{{1,20}})/?$", api.ActionView.as_view()),
]
