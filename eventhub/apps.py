"""The Django app `eventhub`: its management commands and system checks are found through it."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import register

from eventhub.doctor.of_settings import check_settings
from eventhub.inside.apps_in_place import demand_apps


class EventhubConfig(AppConfig):
    name = "eventhub"

    def __init__(self, app_name: str, app_module: Any) -> None:
        demand_apps()
        # Only now: another project may have a package in the place of one that this imports.
        from eventhub.inside.defaults import set_defaults

        set_defaults()
        super().__init__(app_name, app_module)

    def ready(self) -> None:
        from eventhub.inside.checks import check_project

        register(check_project, "eventhub")
        # With --deploy alone, so that not each command repeats it.
        register(check_settings, "eventhub", deploy=True)
