"""What a new token is asked for, on /account and in the admin: a name, scopes and an end."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken

from events.access import token_terms
from events.models.token_terms import EMIT, MAX_NAME, READ

MAX_TOKENS = 100  # valid ones of a user; more than anybody can tell apart
DATE, NEVER = "date", "never"
LIFETIMES = (
    *(("30", "30 days"), ("90", "90 days"), ("365", "one year")),
    *((DATE, "until a date"), (NEVER, "for ever")),
)
IN_DAYS = tuple(each for each in LIFETIMES if each[0] not in (DATE, NEVER))


def checked_name(text: str) -> None:
    try:
        token_terms.checked_name(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def valid_tokens(owner: AbstractUser) -> QuerySet[AuthToken]:
    valid: QuerySet[AuthToken] = AuthToken.objects.filter(user=owner).exclude(expiry__lte=timezone.now())
    return valid


def no_room(owner: AbstractUser) -> str:
    """Return why this user gets no other token, or nothing."""
    if valid_tokens(owner).count() < MAX_TOKENS:
        return ""
    return f"{owner} has {MAX_TOKENS} valid tokens; revoke those that are not used."


class TokenTermsForm(forms.Form):
    name = forms.CharField(
        max_length=MAX_NAME,
        validators=[checked_name],
        help_text="What it is for, such as “backup script”. Lists and logs call it by this name.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(READ, "read: subscribe, and read history and event types"), (EMIT, "emit: send events")],
        initial=[READ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick “read”, “emit” or both."},
    )
    valid_for = forms.ChoiceField(
        choices=LIFETIMES,
        initial="90",
        help_text="Whoever finds a token that is valid for ever can use it until somebody revokes it: give it an end.",
    )
    until = forms.DateField(
        label="Date",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="To the end of this day (UTC). Only for “until a date”.",
    )

    def owner(self) -> AbstractUser | None:
        """Return whose token it will be; None: nobody was chosen."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["expires"] = self._expires(cleaned)
        owner = self.owner()
        if owner is not None:
            if "name" in cleaned and valid_tokens(owner).filter(terms__name=cleaned["name"]).exists():
                self.add_error("name", f"There is a valid token of this name of {owner}; choose another name.")
            if problem := no_room(owner):
                self.add_error(None, problem)
        return cleaned

    def _expires(self, cleaned: dict[str, Any]) -> datetime | None:
        valid_for, until = cleaned.get("valid_for", NEVER), cleaned.get("until")
        if valid_for == NEVER:
            return None
        if valid_for != DATE:
            return timezone.now() + timedelta(days=int(valid_for))
        if until is None:
            if "until" not in self.errors:
                self.add_error("until", "Say until which day.")
            return None
        expires = datetime.combine(until, time.max, UTC)
        if expires <= timezone.now():
            self.add_error("until", "That is over.")
        return expires


class OwnTokenForm(TokenTermsForm):
    def __init__(self, user: AbstractUser, data: Any = None) -> None:
        self.user = user
        super().__init__(data)

    def owner(self) -> AbstractUser:
        return self.user

    def make(self) -> tuple[AuthToken, str]:
        terms = self.cleaned_data
        return token_terms.make_token(self.user, terms["name"], terms["scopes"], terms["expires"])
