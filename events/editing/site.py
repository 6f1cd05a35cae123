"""The admin's site: whatever is registered with it, Django's own users and groups too, has forms that merge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model

from events.editing.merging_admin import MergingAdmin


class Site(AdminSite):
    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        super().register(model_or_iterable, merging(admin_class or ModelAdmin), **options)


def merging(admin_class: type[ModelAdmin[Any]]) -> type[ModelAdmin[Any]]:
    if issubclass(admin_class, MergingAdmin):
        return admin_class
    members = {"__module__": admin_class.__module__, "__doc__": admin_class.__doc__}
    return type(admin_class.__name__, (MergingAdmin, admin_class), members)
