"""Who is at the other end of a socket: a token, or a Django session from an allowed origin."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractUser, AnonymousUser
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from events import snapshot
from events.registry import Viewer


class Identity(NamedTuple):
    user_id: int
    username: str
    viewer: Viewer


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
    def origin_allowed(self) -> bool:
        """Browsers send cookies from any page; only a page of an allowed scheme, host and port may use them."""
        try:
            origin = urlparse(self._headers[b"origin"].decode("latin-1"))
            return bool(OriginValidator(None, settings.EVENTHUB_ALLOWED_ORIGINS).valid_origin(origin))
        except (KeyError, ValueError):
            return False

    def identity(self) -> Identity | None:
        """Who this is, or None. Queries: not for the event loop."""
        user = self._user_of_session() if self.token is None else user_of_token(self.token)
        if user is None or not user.is_active:
            return None
        return Identity(user.pk, user.get_username(), snapshot.viewer_of(user))

    def _user_of_session(self) -> AbstractUser | None:
        try:
            cookies = SimpleCookie(self._headers.get(b"cookie", b"").decode("latin-1"))
        except CookieError:
            return None
        key = cookies.get(settings.SESSION_COOKIE_NAME)
        if key is None:
            return None
        session = import_module(settings.SESSION_ENGINE).SessionStore(key.value)
        user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]  # it reads nothing else
        return None if isinstance(user, AnonymousUser) else user


def user_of_token(token: str) -> AbstractUser | None:
    user: AbstractUser
    try:
        user, _ = TokenAuthentication().authenticate_credentials(token.encode())
    except AuthenticationFailed:
        return None
    return user
