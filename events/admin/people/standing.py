"""A person who manages people, groups or tokens can give only rights that this person has. Otherwise one permission of
the admin would be worth all of them. Superusers stand above."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse

from events.models import EventType

ABOVE = "It comes with more than you may yourself, so that you can look at it only; a superuser can change it."


def permissions_of(user: AbstractUser) -> QuerySet[Permission]:
    """Return the permissions of the user and of the user's groups, also if the user is not active at the moment."""
    return Permission.objects.filter(Q(user=user.pk) | Q(group__user=user.pk)).distinct()


def user_is_above(user: AbstractUser, manager: AbstractUser) -> bool:
    """Return whether the user has rights that the manager lacks. A group is one: it may open event types."""
    if manager.is_superuser or user.pk == manager.pk:
        return False
    return (
        user.is_superuser
        or permissions_of(user).exclude(pk__in=permissions_of(manager)).exists()
        or user.groups.exclude(pk__in=manager.groups.all()).exists()
    )


def group_is_above(group: Group, manager: AbstractUser) -> bool:
    """Return whether the group's members have rights that the manager lacks."""
    if manager.is_superuser or manager.groups.filter(pk=group.pk).exists():
        return False
    return (
        group.permissions.exclude(pk__in=permissions_of(manager)).exists()
        or EventType.objects.filter(allowed_groups=group).exists()
    )


class BelowOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that are above whoever asks can be looked at only."""

    def is_above(self, row: Any, manager: Any) -> bool:
        raise NotImplementedError

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj and self.is_above(obj, request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and self.is_above(obj, request.user))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row: Model | None = kwargs.get("obj")
        if row is not None and self.has_change_permission(request) and not self.has_change_permission(request, row):
            self.message_user(request, ABOVE)
        return super().render_change_form(request, context, *args, **kwargs)


class GrantsOwn(BelowOnly):
    """Permissions and groups are offered that the manager has."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        manager = cast(AbstractUser, request.user)  # who is not signed in sees no form
        if field is not None and field.queryset is not None and not manager.is_superuser:
            own = manager.groups.all() if db_field.name == "groups" else permissions_of(manager)
            field.queryset = field.queryset.filter(pk__in=own.values("pk"))
        return field
