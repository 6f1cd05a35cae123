"""The sessions of one user: where they were begun, and how to end them.

A session does not tell whose it is until it is decoded, so that all sessions of a table are read. Sessions in a cache,
in signed cookies or in files cannot be listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from events.access import sessions
from events.access.signals import SIGNED_IN

MAX_SESSIONS = 10_000  # of all users, that are read for a page; those that end last come first
READ_AT_ONCE = 1_000  # sessions
# What a User-Agent has of each browser and system: the first that it has is meant.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS X", "macOS"), ("Linux", "Linux")),
)


class OwnSession(NamedTuple):
    key: str  # opens it, so that it stands on no page
    expires_at: datetime
    signed_in_at: datetime | None  # None of one that was begun before this was kept
    address: str
    browser: str


def of_user(user: AbstractUser) -> list[OwnSession] | None:
    """Return the valid sessions of a user, those that end last first, as far as they are among the MAX_SESSIONS of all
    users that end last; None where the engine cannot list them."""
    return None if sessions.model() is None else list(found(user, MAX_SESSIONS))


def all_of_user(user: AbstractUser) -> list[OwnSession] | None:
    """Return all valid sessions of a user, however many others have; None where the engine cannot list them."""
    return None if sessions.model() is None else list(found(user, None))


def found(user: AbstractUser, among: int | None) -> Iterator[OwnSession]:
    model, decode = sessions.model(), sessions.engine()().decode
    assert model is not None
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    rows = model._default_manager.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    read = rows.values_list("pk", "session_data", "expire_date")[:among].iterator(chunk_size=READ_AT_ONCE)
    for key, encoded, expires_at in read:
        data: dict[str, Any] = decode(encoded)
        is_own = data.get(SESSION_KEY) == user._meta.pk.value_to_string(user)
        # Of an older password: it has ended.
        if is_own and any(constant_time_compare(data.get(HASH_SESSION_KEY, ""), each) for each in hashes):
            begun = data.get(SIGNED_IN, {})
            at = datetime.fromisoformat(begun["at"]) if begun else None
            yield OwnSession(key, expires_at, at, begun.get("address", ""), browser_of(begun.get("agent", "")))


def browser_of(agent: str) -> str:
    """Return “Firefox on Linux”, or as much of that as can be told."""
    browser = next((name for part, name in BROWSERS if part in agent), "")
    system = next((name for part, name in SYSTEMS if part in agent), "")
    return f"{browser or 'A browser'} on {system}" if system else browser or "An unknown browser"


def end(key: str) -> None:
    sessions.engine()().delete(key)
