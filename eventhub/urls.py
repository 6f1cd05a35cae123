"""Which view answers which address."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from eventhub.contract import views as contract
from eventhub.hub.views import hub
from events.access.sign_in import AdminSignInForm, SignInForm, with_status_of_refusal
from events.http.api import NoSuchCall
from events.mcp.page import told
from subscriptions.page.told import standing

told.REQUESTS.append(standing)
admin.site.login_form = AdminSignInForm
admin.site.login_template = "registration/login.html"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="events")),
    path("", include("events.urls")),
    path("", include("events.mcp.urls")),
    path("", include("subscriptions.urls")),
    path("api/v1/openapi.json", contract.OpenApiView.as_view(), name="openapi"),
    path("api/v1/asyncapi.json", contract.AsyncApiView.as_view(), name="asyncapi"),
    re_path("^api/docs/?$", contract.docs, name="api_docs"),
    re_path("^api/", NoSuchCall.as_view()),
    path("login/", with_status_of_refusal(LoginView.as_view(authentication_form=SignInForm)), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/login/", with_status_of_refusal(admin.site.login)),
    # Django's own form saves the whole user, over what somebody else has changed meanwhile, and may be guessed at.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/hub/", admin.site.admin_view(hub), name="hub"),
    path("admin/", admin.site.urls),
]

handler500 = "eventhub.http.unavailable.failed"
