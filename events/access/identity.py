"""Who is at the other end of a socket: a token, or a Django session from an allowed origin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, load_backend
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.request import Request

from events.access import policy, sessions
from events.access.sessions import Session
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
    may_read: bool = True  # a token may be made for emitting alone
    agents_only: bool = False  # a token may be made for /mcp alone


def identities_of_tokens(tokens: Sequence[str]) -> list[Identity | None]:
    """Return whom each of these tokens stands for, or None. It is one query for all: do not call it in the event
    loop."""
    return identities_of_digests([hash_token(token) for token in tokens])


def identities_of_digests(digests: Sequence[str]) -> list[Identity | None]:
    """Return whom the token of each digest stands for, or None. Not for the event loop, either."""
    valid = AuthToken.objects.filter(digest__in=set(digests), user__is_active=True).exclude(expiry__lte=timezone.now())
    # In the same statement: what changes afterwards is then looked at again. A row for each group of the user.
    access = Revision.access_in_query()
    name = f"user__{get_user_model().USERNAME_FIELD}"
    terms = ("terms__may_read", "terms__agents_only")
    rows = valid.values_list("digest", "expiry", "user_id", name, "user__is_superuser", "user__groups", access, *terms)
    found: dict[str, Identity] = {}
    groups: defaultdict[str, set[int]] = defaultdict(set)
    for digest, expiry, user_id, username, is_superuser, group, revision, may_read, agents_only in rows:
        if group is not None:
            groups[digest].add(group)
        viewer = Viewer(is_superuser=is_superuser, groups=frozenset(groups[digest]))
        found[digest] = Identity(
            user_id,
            username,
            viewer,
            revision,
            token_digest=digest,
            expires_at=expiry,
            may_read=may_read is not False,
            agents_only=agents_only is True,
        )
    return [found.get(digest) for digest in digests]


def identity_of_request(request: Request) -> Identity:
    """Return who has sent this request of the HTTP API, by the token or the session that it was let in with."""
    user: Any = request.user
    token = request.auth
    identity = Identity(user.pk, user.get_username(), policy.viewer_of(user), Revision.current().access)
    if isinstance(token, AuthToken):
        return identity._replace(token_digest=token.digest, expires_at=token.expiry)
    return identity._replace(session_key=request.session.session_key or "", session_hash=user.get_session_auth_hash())


def identity_of_session(key: str, access: int | None = None) -> Identity | None:
    """Return whom a session stands for, as of this revision of access or the present one, or None. It asks the
    database: do not call it in the event loop."""
    if not key:
        return None
    access = Revision.current().access if access is None else access
    session = sessions.read(key)
    user = None if session is None else user_of_session(session)
    if session is None or user is None:
        return None
    return Identity(
        user.pk,
        user.get_username(),
        policy.viewer_of(user),
        access,
        session_key=key,
        session_hash=user.get_session_auth_hash(),
        expires_at=session.expires_at,
    )


def user_of_session(session: Session) -> AbstractUser | None:
    """Return the active user who signed in, as `django.contrib.auth.get_user` does. But that function writes: it ends
    the session when the password has changed, and gives it a new key, of which no browser is told, when the secret key
    has."""
    backend, user_id = session.data.get(BACKEND_SESSION_KEY, ""), session.data.get(SESSION_KEY)
    if user_id is None or backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        key = get_user_model()._meta.pk.to_python(user_id)
    except ValidationError:  # the session is of the time before another user model
        return None
    user: AbstractUser | None = load_backend(backend).get_user(key)
    if user is None or not user.is_active:
        return None
    given = session.data.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(given, each) for each in hashes) else None
