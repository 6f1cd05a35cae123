"""The addresses of the HTTP API and of the pages."""

from __future__ import annotations

from django.urls import re_path

from events.access.sign_in import with_status_of_refusal
from events.contract import api as contract
from events.http import api, around, counts, saved_views
from events.page import event, first_steps, help, views
from events.page.account import views as account
from events.page.catalogue import views as catalogue
from events.page.search import views as search

urlpatterns = [
    # Asked most often: Django tries one after the other, and each takes its time.
    re_path("^api/v1/events/?$", api.EventsView.as_view()),
    re_path("^events/?$", views.page, name="events"),
    re_path("^events/e/(?P<id>[^/]+)/?$", event.event, name="event"),
    re_path("^events/history/?$", views.history, name="history"),
    re_path("^events/types/?$", catalogue.catalogue, name="event_types"),
    re_path("^events/types/(?P<id>[a-z][a-z0-9_]{1,63})/?$", catalogue.one_type, name="event_type"),
    re_path("^first-steps/dismiss$", first_steps.dismiss, name="dismiss_steps"),
    re_path("^search/?$", search.search, name="search"),
    re_path("^help/?$", help.help_page, name="help"),
    re_path("^help/(?P<name>[a-z]+)[.]md$", help.document, name="document"),
    re_path("^account/?$", account.account, name="account"),
    re_path("^account/tokens/(?P<handle>[0-9a-f]{32})/revoke/?$", account.revoke_token, name="revoke_token"),
    re_path("^account/sessions/(?P<handle>[0-9a-f]{32})/end/?$", account.end_session, name="end_session"),
    re_path("^account/sessions/end-others/?$", account.end_other_sessions, name="end_other_sessions"),
    re_path("^account/password/?$", with_status_of_refusal(account.ChangePassword.as_view()), name="password"),
    re_path("^api/v1/events/metadata/?$", api.MetadataView.as_view()),
    re_path("^api/v1/events/schemas/?$", contract.SchemasView.as_view(), name="schemas"),
    re_path("^api/v1/events/preview/?$", api.PreviewView.as_view()),
    re_path("^api/v1/events/counts/?$", counts.CountsView.as_view()),
    re_path(r"^api/v1/events/export\.(?P<name>[^/]+)$", api.ExportView.as_view(), name="export"),
    re_path("^api/v1/events/(?P<id>[^/]+)/explain/?$", api.ExplainView.as_view()),
    re_path("^api/v1/views/?$", saved_views.SavedViewsView.as_view()),
    re_path("^api/v1/views/counts/?$", counts.ViewCountsView.as_view()),
    re_path("^api/v1/views/seen/?$", saved_views.SeenView.as_view()),
    re_path("^api/v1/views/(?P<id>[A-Za-z0-9]{1,32})/restore/?$", saved_views.RestoreView.as_view()),
    re_path("^api/v1/views/(?P<id>[A-Za-z0-9]{1,32})/?$", saved_views.SavedViewView.as_view()),
    re_path("^api/v1/events/(?P<id>[^/]+)/around/?$", around.AroundView.as_view()),
]
