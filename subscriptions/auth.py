"""Who is at the other end of a socket: a token, or a Django session from an allowed origin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Subquery
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken

from events import snapshot
from events.models import Revision
from events.registry import Viewer


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


class Handshake:
    """What a client brought along. A token, if there is one, is the only credential."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._headers = dict(scope.get("headers", ()))
        self._query = scope.get("query_string", b"")
        client = scope.get("client")
        self.address = str(client[0]) if client else ""

    @property
    def token(self) -> str | None:
        """None: no token was sent. An empty one was sent, and is wrong."""
        scheme, _, value = self._headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            return str(value.strip(), "latin-1")
        tokens = parse_qs(self._query.decode("latin-1"), keep_blank_values=True).get("token")
        return tokens[0] if tokens else None

    @property
    def session_key(self) -> str:
        try:
            cookies = SimpleCookie(self._headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return ""
        key = cookies.get(settings.SESSION_COOKIE_NAME)
        return key.value if key is not None else ""

    @property
    def origin_allowed(self) -> bool:
        """Browsers send cookies from any page; only a page of an allowed scheme, host and port may use them."""
        try:
            origin = urlparse(self._headers[b"origin"].decode("latin-1"))
            return bool(OriginValidator(None, settings.EVENTHUB_ALLOWED_ORIGINS).valid_origin(origin))
        except (KeyError, ValueError):
            return False


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
    return Revision.objects.values_list("access", flat=True).get()


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
        snapshot.viewer_of(user),
        access,
        session_key=key,
        session_hash=user.get_session_auth_hash(),
        expires_at=session.get_expiry_date(),
    )
