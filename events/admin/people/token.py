"""API tokens, made and revoked. Knox's own admin shows their digests, and lets one edit them."""

from __future__ import annotations

from typing import Any, cast

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from knox.admin import AuthTokenAdmin, AuthTokenCreateForm
from knox.models import AuthToken

from events.access import token_terms
from events.admin.people.standing import BelowOnly, user_is_above
from events.models import TokenTerms
from events.page.account.token_form import TokenTermsForm

User = get_user_model()

# Knox names a token by its digest: in messages, in the history, and on the page that asks before a user is deleted.
AuthToken.add_to_class("__str__", token_terms.name_of)
admin.site.unregister(AuthToken)
apps.get_app_config("knox").verbose_name = "API tokens"  # as everything else calls them
apps.get_app_config("auth").verbose_name = "People"


class TokenForm(TokenTermsForm, AuthTokenCreateForm):
    def owner(self) -> AbstractUser | None:
        return self.cleaned_data.get("user")

    def save(self, commit: bool = True) -> AuthToken:
        token: AuthToken = super().save(commit=False)
        token.expiry = self.cleaned_data["expires"]
        token_terms.set_terms(token, self.cleaned_data["name"], self.cleaned_data["scopes"])
        return token


@admin.register(AuthToken)
class TokenAdmin(BelowOnly, AuthTokenAdmin):
    add_form = TokenForm
    list_display = ("called", "scopes", "created", "expiry", "last_used")
    list_display_links = None  # nothing of a token can be changed
    list_select_related = ("user", "terms")
    search_fields = ("terms__name", f"user__{User.USERNAME_FIELD}")
    fields = ("called", "scopes", "created", "expiry", "last_used")
    raw_id_fields = ()

    def is_above(self, row: AuthToken, manager: AbstractUser) -> bool:
        return user_is_above(row.user, manager)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ("user", *TokenTermsForm.base_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk, **super().get_changeform_initial_data(request)}

    def get_autocomplete_fields(self, request: HttpRequest) -> Any:
        """Search for the user, but not where an installation's own user model has no admin that could be searched."""
        users = admin.site._registry.get(User)
        return ("user",) if users is not None and users.get_search_fields(request) else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer other users to superusers alone: the holder of a token acts as its user."""
        user = cast(AbstractUser, request.user)
        if db_field.name != "user" or user.is_superuser:
            return super().formfield_for_foreignkey(db_field, request, **kwargs)
        own = User._default_manager.filter(pk=user.pk)
        refusal = {"invalid_choice": "You can make tokens for yourself only; a superuser can make them for others."}
        return db_field.formfield(queryset=own, empty_label=None, error_messages=refusal)

    @admin.display(description="token", ordering="terms__name")
    def called(self, token: AuthToken) -> str:
        return token_terms.name_of(token)

    @admin.display(description="scopes")
    def scopes(self, token: AuthToken) -> str:
        return str(TokenTerms.of(token))

    @admin.display(description="last used", ordering="terms__last_used", empty_value="not yet")
    def last_used(self, token: AuthToken) -> Any:
        return TokenTerms.of(token).last_used

    def save_model(self, request: HttpRequest, obj: AuthToken, form: TokenForm, change: bool) -> None:
        token_terms.save(obj)
        text = "The token {}, shown only this once: <strong>{}</strong>{}"
        warning = "" if obj.expiry else ". Revoke it when nothing uses it any more: it has no end of its own."
        told = format_html(text, token_terms.described(obj), form.token, warning)
        self.message_user(request, told, messages.WARNING)

    def response_add(self, request: HttpRequest, obj: AuthToken, post_url_continue: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:knox_authtoken_changelist"))
