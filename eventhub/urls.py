"""Which view answers which address."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from events.access.sign_in import AdminSignInForm, SignInForm, with_status_of_refusal
from events.http.api import NoSuchCall

admin.site.login_form = AdminSignInForm
admin.site.login_template = "registration/login.html"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="eventhub:events")),
    path("", include("eventhub.inside.urls")),
    re_path("^api/", NoSuchCall.as_view()),
    path("login/", with_status_of_refusal(LoginView.as_view(authentication_form=SignInForm)), name="login"),
    path("admin/login/", with_status_of_refusal(admin.site.login)),
    # Django's own form saves the whole user, over what somebody else has changed meanwhile, and may be guessed at.
    path("admin/password_change/", RedirectView.as_view(pattern_name="eventhub:password")),
    path("admin/", admin.site.urls),
]

handler500 = "eventhub.http.unavailable.failed"
