"""Users and groups. Django's own forms let whoever may change users make themselves superusers."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import AbstractUser, Group
from django.http import HttpRequest

from events.admin.standing import BelowOnly, group_is_above, permissions_of, user_is_above
from events.models import EventType

User = get_user_model()

admin.site.unregister(User)
admin.site.unregister(Group)


class GrantsOwn(BelowOnly):
    """Permissions and groups are offered that the manager has."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        manager = cast(AbstractUser, request.user)  # who is not signed in sees no form
        if field is not None and field.queryset is not None and not manager.is_superuser:
            own = manager.groups.all() if db_field.name == "groups" else permissions_of(manager)
            field.queryset = field.queryset.filter(pk__in=own.values("pk"))
        return field


@admin.register(User)
class PeopleAdmin(GrantsOwn, UserAdmin):  # type: ignore[type-arg]
    def is_above(self, row: AbstractUser, manager: AbstractUser) -> bool:
        return user_is_above(row, manager)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if getattr(request.user, "is_superuser", False) else (*fields, "is_superuser")


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
