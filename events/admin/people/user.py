"""Users. With Django's own form, a person who may change users can become a superuser."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest

from events.admin.people.standing import GrantsOwn, user_is_above

User = get_user_model()

# An installation's own user model has an admin of its own, or none: Django's form may name fields that it has not.
is_registered = admin.site.is_registered(User)
Registered = type(admin.site.get_model_admin(User)) if is_registered else UserAdmin


class PeopleAdmin(GrantsOwn, Registered):  # type: ignore[misc,valid-type]
    def is_above(self, row: AbstractUser, manager: AbstractUser) -> bool:
        return user_is_above(row, manager)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if getattr(request.user, "is_superuser", False) else (*fields, "is_superuser")


if is_registered:
    admin.site.unregister(User)
if is_registered or issubclass(User, AbstractUser):
    admin.site.register(User, PeopleAdmin)
