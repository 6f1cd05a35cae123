"""The views that people keep on /events: to be looked at, and deleted. What they ask for is their users' to change."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from events.models import SavedView


@admin.register(SavedView)
class SavedViewAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("__str__", "user", "shared_with", "paused", "ended")
    list_filter = ("shared_with",)
    list_select_related = ("user", "shared_with")
    search_fields = ("name", "user__username")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SavedView | None = None) -> bool:
        return False
