"""Groups, as Django's admin has them, among what whoever manages them may."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import AbstractUser, Group
from django.http import HttpRequest

from events.admin.standing import GrantsOwn, group_is_above
from events.models import EventType

admin.site.unregister(Group)


@admin.register(Group)
class RolesAdmin(GrantsOwn, GroupAdmin):  # type: ignore[misc]  # Django calls it by keyword
    def is_above(self, row: Group, manager: AbstractUser) -> bool:
        return group_is_above(row, manager)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An event type that is left without groups is open to everybody."""
        allowed = super().has_delete_permission(request, obj)
        if obj is None or not allowed or getattr(request.user, "is_superuser", False):
            return allowed
        return not EventType.objects.filter(allowed_groups=obj).exists()
