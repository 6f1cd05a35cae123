"""Who is at the other end of a socket: a token, or a Django session from an allowed origin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from types import SimpleNamespace
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Subquery
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken

from events.access import policy
from events.core.event_types import Viewer
from events.models import Revision


class Identity(NamedTuple):
    """Who a credential stands for, until it expires or `access`, the revision at which it was read, has moved."""

    user_id: int
    username: str
    viewer: Viewer
    access: int
    session_key: str = ""
    session_hash: str = ""  # changes with the password
    token_digest: str = ""
    expires_at: datetime | None = None


def identities_of_tokens(tokens: Sequence[str]) -> list[Identity | None]:
    """Who each of these tokens stands for, or None. One query for all: not for the event loop."""
    digests = [hash_token(token) for token in tokens]
    valid = AuthToken.objects.filter(digest__in=set(digests), user__is_active=True).exclude(expiry__lte=timezone.now())
    # In the same statement: what changes afterwards is then looked at again. A row for each group of the user.
    access = Subquery(Revision.objects.values("access"))
    rows = valid.values_list(
        "digest", "expiry", "user_id", "user__username", "user__is_superuser", "user__groups", access
    )
    found: dict[str, Identity] = {}
    groups: defaultdict[str, set[int]] = defaultdict(set)
    for digest, expiry, user_id, username, is_superuser, group, revision in rows:
        if group is not None:
            groups[digest].add(group)
        viewer = Viewer(is_superuser=is_superuser, groups=frozenset(groups[digest]))
        found[digest] = Identity(user_id, username, viewer, revision, token_digest=digest, expires_at=expiry)
    return [found.get(digest) for digest in digests]


def access_revision() -> int:
    return Revision.current().access


def identity_of_session(key: str, access: int | None = None) -> Identity | None:
    """Who a session stands for, as of this revision of access or the present one, or None. Not for the event loop."""
    if not key:
        return None
    access = access_revision() if access is None else access
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # it reads nothing else
    if isinstance(user, AnonymousUser) or not isinstance(user, AbstractUser) or not user.is_active:
        return None
    return Identity(
        user.pk,
        user.get_username(),
        policy.viewer_of(user),
        access,
        session_key=key,
        session_hash=user.get_session_auth_hash(),
        expires_at=session.get_expiry_date(),
    )
