"""A ticket: what lets somebody in once, soon, for whom a browser can send no token."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from knox.models import AuthToken


class Ticket(models.Model):
    """It stands for the token or the session that it was made with. `digest` is all that is kept of it."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    token = models.ForeignKey(AuthToken, models.CASCADE, null=True, related_name="+")
    session_key = models.TextField()  # empty where there is a token
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"of {self.user}, valid until {self.expires_at:%Y-%m-%d %H:%M:%S} UTC"
