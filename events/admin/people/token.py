"""API tokens, made and revoked. Knox's own admin shows their digests, and lets one edit them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from knox.admin import AuthTokenAdmin, AuthTokenCreateForm
from knox.models import AuthToken
from knox.settings import knox_settings

from events.access.token_terms import validity
from events.admin.people.standing import BelowOnly, user_is_above


def name_of(token: AuthToken) -> str:
    return f"{token.token_key}… of {token.user}"


# Knox names a token by its digest: in messages, in the history, and on the page that asks before a user is deleted.
AuthToken.add_to_class("__str__", name_of)
admin.site.unregister(AuthToken)


class TokenForm(AuthTokenCreateForm):
    for_ever = forms.BooleanField(
        label="valid for ever", required=False, help_text="Until somebody deletes it; the time above is not looked at."
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("for_ever"):
            self.errors.pop("expiry", None)
            cleaned["expiry"] = None
        elif "expiry" in cleaned and cleaned["expiry"] is None:
            self.add_error("expiry", "Say until when, or tick “valid for ever”.")
        elif "expiry" in cleaned and cleaned["expiry"] <= timezone.now():
            self.add_error("expiry", "That is over.")
        return cleaned


@admin.register(AuthToken)
class TokenAdmin(BelowOnly, AuthTokenAdmin):
    add_form = TokenForm
    list_display = ("beginning", "user", "created", "expiry")
    list_display_links = None  # nothing of a token can be changed
    list_select_related = ("user",)
    search_fields = ("token_key", f"user__{get_user_model().USERNAME_FIELD}")
    fields = ("user", "expiry")

    def is_above(self, row: AuthToken, manager: AbstractUser) -> bool:
        return user_is_above(row.user, manager)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else (*self.fields, "for_ever")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        lifetime = knox_settings.TOKEN_TTL
        preset = {"expiry": timezone.now() + lifetime} if lifetime else {"for_ever": True}
        return {"user": request.user.pk, **preset, **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer other users to superusers alone: the holder of a token acts as its user."""
        user = cast(AbstractUser, request.user)
        if db_field.name != "user" or user.is_superuser:
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        own = get_user_model()._default_manager.filter(pk=user.pk)
        refusal = {"invalid_choice": "You can make tokens for yourself only; a superuser can make them for others."}
        return db_field.formfield(queryset=own, empty_label=None, error_messages=refusal)

    @admin.display(description="token", ordering="token_key")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key}…"

    def save_model(self, request: HttpRequest, obj: AuthToken, form: AuthTokenCreateForm, change: bool) -> None:
        obj.save()
        text = "The token of {}, {}, shown only this once: <strong>{}</strong>"
        self.message_user(request, format_html(text, obj.user, validity(obj), form.token), messages.WARNING)

    def response_add(self, request: HttpRequest, obj: AuthToken, post_url_continue: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:knox_authtoken_changelist"))
