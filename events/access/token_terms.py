"""Tokens that are made for something: with a name and scopes, and a note of when they were last used."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import Error as DatabaseError  # InterfaceError too
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken, get_digest_token
from knox.settings import CONSTANTS

from events.access import TOKEN_PREFIX
from events.core.legible import legible
from events.database.at_once import at_once
from events.database.trouble import is_locked
from events.models.token_terms import EMIT, MAX_NAME, READ, TokenTerms

logger = logging.getLogger(__name__)

UNNAMED = "(unnamed)"
NOTED_EVERY = timedelta(minutes=1)  # that a token in use costs a write
NOTED_AT_ONCE = 500  # tokens; SQLite allows that many values in a query
MAX_NOTED = 10_000  # tokens that this process remembers to have noted; beyond that, some are noted more often


def name_of(token: AuthToken) -> str:
    """Return what a token is called wherever it is spoken of: nothing of its key."""
    return f"{TokenTerms.of(token).name or UNNAMED} of {token.user}"


def validity(token: AuthToken) -> str:
    return f"valid until {token.expiry:%Y-%m-%d %H:%M} UTC" if token.expiry else "valid for ever"


def described(token: AuthToken) -> str:
    return f"{name_of(token)} ({TokenTerms.of(token)}), {validity(token)}"


def load_terms(instance: AuthToken, **kwargs: Any) -> None:
    """Let a token that is being deleted be called by its name afterwards: its terms go first."""
    TokenTerms.of(instance)


def checked_name(text: str) -> str:
    """Return a name as it may be kept. Raises ValueError."""
    name = text.strip()
    if len(name) > MAX_NAME:
        raise ValueError(f"It has {len(name)} characters; at most {MAX_NAME} are allowed.")
    if legible(name) != name:
        raise ValueError("It has characters that cannot be shown, such as line breaks.")
    return name


def lacks(scope: str) -> str:
    return f"This token lacks the scope “{scope}”. Use one that has it; tokens are made at /account."


def is_for_agents() -> str:
    return "This token is for agents, at /mcp alone. Use another one here; tokens are made at /account."


def make_token(
    user: AbstractUser,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None,
    *,
    agents_only: bool = False,
) -> tuple[AuthToken, str]:
    """Make a token and return it with its text, which nobody can find out later. With `agents_only` it is taken at
    /mcp, and nowhere else."""
    digest, text = get_digest_token(TOKEN_PREFIX)
    token = AuthToken(digest=digest, token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH], user=user, expiry=expires_at)
    set_terms(token, name, scopes, agents_only=agents_only)
    save(token)
    return token, text


def set_terms(token: AuthToken, name: str, scopes: Collection[str], *, agents_only: bool = False) -> None:
    """Say what a new token is for, before it is saved: whoever hears of that hears its name."""
    token.terms = TokenTerms(name=name, may_read=READ in scopes, may_emit=EMIT in scopes, agents_only=agents_only)


@transaction.atomic
def save(token: AuthToken) -> None:
    """Put a new token into the database: without its terms it would have all scopes."""
    token.save(force_insert=True)
    token.terms.save(force_insert=True)


_noted: dict[str, float] = {}  # digest → when (time.monotonic()) this process has noted its use
_owed: set[str] = set()  # digests of tokens that were used when it could not be noted


def note_use(digests: Iterable[str]) -> None:
    """Note that these tokens are in use, each at most once a minute. It waits for nobody who writes: what cannot be
    noted at once is noted when the next request begins, of anybody. A database that takes no note makes nothing else
    fail. Not for the event loop."""
    now, every = time.monotonic(), NOTED_EVERY.total_seconds()
    due = sorted(digest for digest in _owed.union(digests) if now - _noted.get(digest, -math.inf) >= every)
    for start in range(0, len(due), NOTED_AT_ONCE):
        some = due[start : start + NOTED_AT_ONCE]
        try:
            note(some)
        except DatabaseError as error:
            if is_locked(error):
                _owed.update(due[start:])
                return
            logger.warning("It could not be noted when tokens were last used: %s", error)
        if len(_noted) + len(some) > MAX_NOTED:
            _noted.clear()
        _noted.update(dict.fromkeys(some, now))
        _owed.difference_update(some)


def note_owed(**_: Any) -> None:
    """Note, as a request begins, what could not be noted before."""
    if _owed:
        note_use(())


def note(digests: Collection[str]) -> None:
    moment = timezone.now()
    stale = TokenTerms.objects.exclude(last_used__range=(moment - NOTED_EVERY, moment))  # others note it, too
    with at_once():
        mine = stale.filter(pk__in=digests).select_for_update(nowait=True)
        TokenTerms.objects.filter(pk__in=mine.values("pk")).update(last_used=moment)


def forget() -> None:
    """Forget what was noted, as a process does that has just begun."""
    _noted.clear()
    _owed.clear()
