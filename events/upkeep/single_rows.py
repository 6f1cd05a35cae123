"""The rows that there is one of. Migrations add them, and `flush` takes them away with all others: by itself, and after
each `TransactionTestCase` of a project that has eventhub."""

from __future__ import annotations

from typing import Any

from django.apps import apps as all_apps
from django.db import router

MODELS = ("LogHead", "Revision")


def add_missing(using: str, apps: Any = all_apps, **_: Any) -> None:
    """Add them where they are missing, with Django's signal after `migrate` and `flush`. The models are those of the
    migrations that have been applied: maybe not yet, or no more, all."""
    for name in MODELS:
        try:
            model = apps.get_model("events", name)
        except LookupError:
            continue
        if router.allow_migrate_model(using, model):
            model._default_manager.using(using).get_or_create()
