"""Users. With Django's own form, a person who may change users can become a superuser."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest
from django.utils.module_loading import module_has_submodule

from events.admin.people.standing import GrantsOwn, user_is_above

User = get_user_model()

# A user model of one's own may have an admin of its own, and that may be registered only after this one. Where there is
# none, Django's form may name fields that the model has not.
is_registered = admin.site.is_registered(User)
comes_later = not is_registered and module_has_submodule(apps.get_app_config(User._meta.app_label).module, "admin")
Registered = type(admin.site.get_model_admin(User)) if is_registered else UserAdmin


class PeopleAdmin(GrantsOwn, Registered):  # type: ignore[misc,valid-type]
    def is_above(self, row: AbstractUser, manager: AbstractUser) -> bool:
        return user_is_above(row, manager)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if getattr(request.user, "is_superuser", False) else (*fields, "is_superuser")


if is_registered:
    admin.site.unregister(User)
if is_registered or (issubclass(User, AbstractUser) and not comes_later):
    admin.site.register(User, PeopleAdmin)
