"""The people and groups of a fresh database: without one person there is nobody who could make the others."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from knox.settings import knox_settings

from eventhub.local.roles import SEES_ALL_BUT_AUDIT, make_roles
from events.access.token_terms import make_token
from events.models.token_terms import SCOPES
from events.sources.never_raises import quiet

ADMIN, DEMO = "admin", "demo"
PASSWORD_BYTES = 15


@dataclass(frozen=True)
class Secrets:
    """What only this moment knows: the database keeps hashes."""

    password: str
    token: str


@transaction.atomic
def make_people() -> Secrets | None:
    """Make the groups, the first admin and a demo user with an API token; None when there is an admin already."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return None
    with quiet():
        return make_first_people()


def make_first_people() -> Secrets:
    users = get_user_model()._default_manager
    make_roles()
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    users.create_superuser(ADMIN, password=password)
    demo, _ = users.get_or_create(None, **{get_user_model().USERNAME_FIELD: DEMO})
    demo.set_unusable_password()
    demo.save()
    demo.groups.add(Group.objects.get(name=SEES_ALL_BUT_AUDIT))
    demo.user_permissions.add(Permission.objects.get(codename="add_event", content_type__app_label="events"))
    lasts = knox_settings.TOKEN_TTL  # None: for ever
    _, token = make_token(demo, "first run", SCOPES, None if lasts is None else timezone.now() + lasts)
    return Secrets(password, token)
