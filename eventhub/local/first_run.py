"""The people of a fresh database: without one there is nobody who could make the others."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth.models import Permission, User
from django.db import transaction
from knox.models import AuthToken

ADMIN, DEMO = "admin", "demo"
PASSWORD_BYTES = 15


@dataclass(frozen=True)
class Secrets:
    """What only this moment knows: the database keeps hashes."""

    password: str
    token: str


@transaction.atomic
def make_people() -> Secrets | None:
    """Make the first admin and a demo user with an API token; None when there is an admin already."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    User.objects.create_superuser(ADMIN, password=password)
    demo, _ = User.objects.get_or_create(username=DEMO)
    demo.set_unusable_password()
    demo.save()
    demo.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
    _, token = AuthToken.objects.create(demo)
    return Secrets(password, token)
