"""The page of a category in the admin."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.http import HttpRequest

from events.admin import rights
from events.admin.document.history import WithHistory
from events.admin.document.versions import PastCategory
from events.admin.types import audit
from events.models import Category


@admin.register(Category)
class CategoryAdmin(WithHistory):
    past = PastCategory
    needed_to_revert = rights.TO_REVERT_CATEGORY
    list_display = ("label", "icon", "id", "event_types", "is_audit", "order")
    fields = ("id", "label", "icon", "order", "is_audit")

    def get_readonly_fields(self, request: HttpRequest, obj: Category | None = None) -> tuple[str, ...]:
        fixed = ("id",) if obj else ()
        return fixed if audit.may_change(request.user) else (*fixed, "is_audit")

    def has_change_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Category | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Category | None = None) -> dict[str, Sequence[str]]:
        return {} if obj else {"id": ("label",)}

    @admin.display(description="event types")
    def event_types(self, category: Category) -> int:
        return category.types.count()


def may_touch(request: HttpRequest, category: Category | None) -> bool:
    return category is None or not category.is_audit or audit.may_change(request.user)
