from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest

from events.admin import rights
from events.admin.history import WithHistory
from events.admin.versions import PastCategory
from events.models import Category


@admin.register(Category)
class CategoryAdmin(WithHistory):
    past = PastCategory
    needed_to_revert = rights.TO_REVERT_CATEGORY
    list_display = ("label", "icon", "id", "event_types", "order")
    fields = ("id", "label", "icon", "order")

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> tuple[str, ...]:
        return ("id",) if obj else ()

    def get_prepopulated_fields(self, request: HttpRequest, obj: Category | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"id": ("label",)}

    @admin.display(description="event types")
    def event_types(self, category: Category) -> int:
        return category.types.count()
