"""Who has put the list of first steps away."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class DismissedSteps(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        verbose_name = verbose_name_plural = "dismissed first steps"

    def __str__(self) -> str:
        return f"{self.user} at {self.at:%Y-%m-%d %H:%M}"
