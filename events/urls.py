from __future__ import annotations

from django.urls import re_path

from events.http import api
from events.page import views

urlpatterns = [
    re_path("^events/?$", views.page, name="events"),
    re_path("^events/history/?$", views.history, name="history"),
    re_path("^api/v1/events/metadata/?$", api.MetadataView.as_view()),
    re_path("^api/v1/events/preview/?$", api.PreviewView.as_view()),
    re_path(r"^api/v1/events/export\.(?P<name>[^/]+)$", api.ExportView.as_view(), name="export"),
    re_path("^api/v1/events/(?P<id>[^/]+)/explain/?$", api.ExplainView.as_view()),
    re_path("^api/v1/events/?$", api.EventsView.as_view()),
]
