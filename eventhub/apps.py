"""The Django app `eventhub`: its management commands and system checks are found through it."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from eventhub.doctor.of_settings import check_settings


class EventhubConfig(AppConfig):
    name = "eventhub"

    def ready(self) -> None:
        # With --deploy alone, so that not each command repeats it.
        register(check_settings, "eventhub", deploy=True)
