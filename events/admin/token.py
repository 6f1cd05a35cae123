"""API tokens, made and revoked. Knox's own admin shows their digests, and lets one edit them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from knox.admin import AuthTokenAdmin, AuthTokenCreateForm
from knox.models import AuthToken

from events import snapshot
from events.registry import Viewer


def name_of(token: AuthToken) -> str:
    return f"{token.token_key}… of {token.user}"


# Knox names a token by its digest: in messages, in the history, and on the page that asks before a user is deleted.
AuthToken.add_to_class("__str__", name_of)
admin.site.unregister(AuthToken)


class TokenForm(AuthTokenCreateForm):
    maker: User  # set for each request

    def clean_user(self) -> User:
        """Whoever makes a token has it: it may show its maker nothing new."""
        user: User = self.cleaned_data["user"]
        groups = frozenset(user.groups.values_list("pk", flat=True))
        registry = snapshot.refresh()
        more = registry.visible_to(Viewer(is_superuser=user.is_superuser, groups=groups))
        more -= registry.visible_to(snapshot.viewer_of(self.maker))
        if not self.maker.is_superuser and (more or user.is_superuser):
            what = ", ".join(sorted(more)) or "what superusers see"
            raise ValidationError(f"A token of “{user}” would show you {what}; only a superuser can make it.")
        return user


@admin.register(AuthToken)
class TokenAdmin(AuthTokenAdmin):
    add_form = TokenForm
    list_display = ("beginning", "user", "created", "expiry")
    list_display_links = None  # nothing of a token can be changed
    list_select_related = ("user",)
    search_fields = ("token_key", "user__username")
    fields = ("user", "expiry")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_form(self, request: HttpRequest, obj: AuthToken | None = None, **kwargs: Any) -> type[forms.ModelForm[Any]]:
        form: type[forms.ModelForm[Any]] = super().get_form(request, obj, **kwargs)
        form.maker = request.user  # type: ignore[attr-defined]
        return form

    @admin.display(description="token", ordering="token_key")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    def save_model(self, request: HttpRequest, obj: AuthToken, form: AuthTokenCreateForm, change: bool) -> None:
        obj.save()
        text = "The token, shown only this once: <strong>{}</strong>"
        self.message_user(request, format_html(text, form.token), messages.WARNING)

    def response_add(self, request: HttpRequest, obj: AuthToken, post_url_continue: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:knox_authtoken_changelist"))
