from __future__ import annotations

from django.urls import path, re_path

from events import api, views

urlpatterns = [
    path("events", views.page, name="events"),
    path("events/history", views.history, name="history"),
    path("api/v1/events/metadata", api.MetadataView.as_view()),
    path("api/v1/events/preview", api.PreviewView.as_view()),
    path("api/v1/events/<str:id>/explain", api.ExplainView.as_view()),
    re_path("^api/v1/events/?$", api.EventsView.as_view()),
]
