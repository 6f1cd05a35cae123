"""What a client brings along when it connects: a token, a ticket or a session, an origin, an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.http import parse_cookie

from events.core.legible import legible

MAX_SHOWN = 200  # characters of an origin


class Handshake:
    """What a client brought along. A token, if there is one, is the only credential."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._headers = dict(scope.get("headers", ()))
        self._query = scope.get("query_string", b"")
        client = scope.get("client")
        self.address = str(client[0]) if client else ""

    @property
    def token(self) -> str | None:
        """Return the token; None when none was sent. An empty one was sent, and is wrong."""
        scheme, _, value = self._headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() == b"bearer":
            return str(value.strip(), "latin-1")
        return self._parameter("token")

    @property
    def ticket(self) -> str | None:
        """Return the ticket; None when none was sent."""
        return self._parameter("ticket")

    def _parameter(self, name: str) -> str | None:
        values = parse_qs(self._query.decode("latin-1"), keep_blank_values=True).get(name)
        return values[0] if values else None

    @property
    def session_key(self) -> str:
        """Return it as Django's own requests have it: cookies of others that are malformed do not hide it."""
        cookies = parse_cookie(self._headers.get(b"cookie", b"").decode("latin-1"))
        return cookies.get(settings.SESSION_COOKIE_NAME, "")

    @property
    def origin(self) -> str:
        """Return what the header says, to be shown; empty where there is none."""
        said: str = self._headers.get(b"origin", b"").decode("latin-1")
        return legible(said[:MAX_SHOWN])

    @property
    def may_use_ticket(self) -> bool:
        """Say whether who asks may use a ticket: a page of an origin that can get one, or what is no page."""
        origin = self._headers.get(b"origin", b"").decode("latin-1")
        return not origin or self.origin_allowed or origin in settings.EVENTHUB_CORS_ORIGINS

    @property
    def origin_allowed(self) -> bool:
        """Say whether a page of this origin may use cookies. Browsers send them from any page; only a page of an
        allowed scheme, host and port may use them."""
        try:
            origin = urlparse(self._headers[b"origin"].decode("latin-1"))
            return bool(OriginValidator(None, settings.EVENTHUB_ALLOWED_ORIGINS).valid_origin(origin))
        except (KeyError, ValueError):
            return False
