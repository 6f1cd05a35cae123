"""API tokens, made and revoked. Knox's own admin shows their digests, and lets one edit them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from knox.admin import AuthTokenAdmin, AuthTokenCreateForm
from knox.models import AuthToken


def name_of(token: AuthToken) -> str:
    return f"{token.token_key}… of {token.user}"


# Knox names a token by its digest: in messages, in the history, and on the page that asks before a user is deleted.
AuthToken.add_to_class("__str__", name_of)
admin.site.unregister(AuthToken)


@admin.register(AuthToken)
class TokenAdmin(AuthTokenAdmin):
    list_display = ("beginning", "user", "created", "expiry")
    list_display_links = None  # nothing of a token can be changed
    list_select_related = ("user",)
    search_fields = ("token_key", "user__username")
    fields = ("user", "expiry")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="token", ordering="token_key")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    def save_model(self, request: HttpRequest, obj: AuthToken, form: AuthTokenCreateForm, change: bool) -> None:
        obj.save()
        text = "The token, shown only this once: <strong>{}</strong>"
        self.message_user(request, format_html(text, form.token), messages.WARNING)

    def response_add(self, request: HttpRequest, obj: AuthToken, post_url_continue: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:knox_authtoken_changelist"))
