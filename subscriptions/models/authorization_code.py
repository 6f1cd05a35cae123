"""A code of OAuth: what a host gets when somebody has allowed it, and exchanges for a token, once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from knox.models import AuthToken

from events.models.token_terms import MAX_NAME

MAX_CLIENT_ID = 500  # characters
MAX_REDIRECT_URI = 1_000  # characters
CHALLENGE = 43  # characters: 256 bits in base64


class AuthorizationCode(models.Model):
    """`digest` is all that is kept of it. `name`, `may_emit` and `token_ends_at` are of the token to be."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    client_id = models.CharField(max_length=MAX_CLIENT_ID)
    redirect_uri = models.CharField(max_length=MAX_REDIRECT_URI)
    challenge = models.CharField(max_length=CHALLENGE)
    name = models.CharField(max_length=MAX_NAME)
    may_emit = models.BooleanField()
    token_ends_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)
    token = models.ForeignKey(AuthToken, models.SET_NULL, null=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"for {self.name}, of {self.user}"

    @classmethod
    def lock_with(cls, instance: AuthToken, **kwargs: Any) -> None:
        """Lock the code of a token that is being deleted before anything else goes: whoever uses a code again locks it
        first, too, and then deletes the token. In another order both could wait for each other."""
        cls.objects.select_for_update().filter(token=instance).first()
