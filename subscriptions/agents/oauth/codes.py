"""Codes of OAuth: made when somebody allows a host, and exchanged by it, once, within a minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.utils import timezone
from knox.models import AuthToken

from events.access.token_terms import make_token
from events.models.token_terms import EMIT, READ
from subscriptions.agents.oauth.client import Client
from subscriptions.models import AuthorizationCode

LIFETIME = timedelta(seconds=60)
KEPT_FOR = timedelta(days=1)  # after that; a second use in this time ends the token of the first
MAX_OF_USER = 20  # that can be exchanged; nobody allows as many hosts a minute


class TooManyCodes(Exception):
    """This user has MAX_OF_USER that can be exchanged."""


def keep(
    code: str, user: Any, client: Client, redirect_uri: str, challenge: str, *, may_emit: bool, token_ends_at: datetime
) -> None:
    """Keep what somebody has allowed. Raises TooManyCodes."""
    now = timezone.now()
    AuthorizationCode.objects.filter(expires_at__lte=now - KEPT_FOR).delete()
    if AuthorizationCode.objects.filter(user=user, used_at=None, expires_at__gt=now).count() >= MAX_OF_USER:
        raise TooManyCodes
    AuthorizationCode.objects.create(
        digest=digest_of(code),
        user=user,
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        challenge=challenge,
        name=client.token_name,
        may_emit=may_emit,
        token_ends_at=token_ends_at,
        expires_at=now + LIFETIME,
    )


def take(code: str) -> tuple[AuthorizationCode | None, bool]:
    """Return what was allowed, None for a code that nobody was given, and whether this is its first use. After a second
    use the token of the first is gone. Call it in a transaction that also keeps the token."""
    digest = digest_of(code)
    # One after the other from here on: on PostgreSQL some of many would else wait for each other when the token goes.
    AuthorizationCode.objects.select_for_update().filter(pk=digest).first()
    is_first = AuthorizationCode.objects.filter(pk=digest, used_at=None).update(used_at=timezone.now()) == 1
    row = AuthorizationCode.objects.select_related("user", "token").filter(pk=digest).first()
    if row is not None and not is_first and row.token is not None:
        row.token.delete()
    return row, is_first


def exchange(row: AuthorizationCode) -> str:
    """Return the text of a token, as it was allowed."""
    scopes = scopes_of(row)
    token: AuthToken
    token, text = make_token(row.user, row.name, scopes, row.token_ends_at, agents_only=True)
    row.token = token
    row.save(update_fields=["token"])
    return text


def scopes_of(row: AuthorizationCode) -> list[str]:
    return [READ, EMIT] if row.may_emit else [READ]


def digest_of(code: str) -> str:
    # It has 178 random bits, so that the digest need not be slow.
    return sha256(code.encode(errors="surrogatepass")).hexdigest()
