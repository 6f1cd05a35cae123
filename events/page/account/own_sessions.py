"""The sessions of one user: where they were begun, and how to end them.

Sessions do not tell whose they are, so that all of a table are looked through. A cache, signed cookies and files cannot
be.
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

MAX_SESSIONS = 10_000  # looked through; those that end last come first
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
    """Return the valid sessions of a user, those that end last first; None where the engine cannot list them."""
    return None if sessions.model() is None else list(found(user))


def found(user: AbstractUser) -> Iterator[OwnSession]:
    model, decode = sessions.model(), sessions.engine()().decode
    assert model is not None
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    rows = model._default_manager.filter(expire_date__gt=timezone.now()).order_by("-expire_date")
    for key, encoded, expires_at in rows.values_list("pk", "session_data", "expire_date")[:MAX_SESSIONS]:
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
