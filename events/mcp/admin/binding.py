"""The list of secret bindings in the admin: which secret may be sent to which origins."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from events.mcp.models import SecretBinding


@admin.register(SecretBinding)
class SecretBindingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("secret", "origin", "bound_by", "bound_at")
    list_display_links = None  # it is made and deleted, never changed
    search_fields = ("secret", "origin")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SecretBinding]) -> None:
        with transaction.atomic():
            for binding in queryset:
                binding.delete()  # one by one: each is told of
