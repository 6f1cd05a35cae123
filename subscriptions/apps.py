"""The Django app `subscriptions`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import pre_delete


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        code: Any = self.get_model("AuthorizationCode")
        token = code._meta.get_field("token").related_model
        pre_delete.connect(code.lock_with, sender=token, dispatch_uid="eventhub.code_locked")
