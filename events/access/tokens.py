"""The people that commands act for, and their API tokens."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from events import registry_cache
from events.access import policy, token_terms
from events.core.suggestion import similar
from events.models.token_terms import EMIT, READ, SCOPES

MAX_NAMES = 5000  # looked through for one that is like a name that nobody has
TEMPORARY = timedelta(hours=24)  # how long a token outlives a command that was killed before it could take it back


class AccountError(Exception):
    """Nobody to act for; the message says why, and what can be done."""


class Grant(NamedTuple):
    """A token, told only once, and what its holder may do with it."""

    token: str
    expires: datetime | None
    readable: list[str]  # event types
    may_emit: bool


def operating_user() -> str:
    """Return the name under which the operating system runs this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container may run a user that has no name
        return f"uid-{os.getuid()}"


def active_user(name: str) -> AbstractUser:
    """Return the user of this name. Raises AccountError, which names users of similar names."""
    users, field = get_user_model()._default_manager, get_user_model().USERNAME_FIELD
    user = users.filter(**{field: name}).first()
    if user is not None and user.is_active:
        return user
    problem = f"There is no user “{name}”" if user is None else f"User “{name}” is not active"
    names = users.filter(is_active=True).order_by(field).values_list(field, flat=True)
    alike = similar(name, (each for each in names[:MAX_NAMES] if each != name))
    raise AccountError(f"{problem}. Users of similar names: {', '.join(alike) or 'none'}.")


def own_user() -> AbstractUser:
    """Return the active user named like the operating system's, else the first active superuser: those who run this on
    the server can read the database anyway. Raises AccountError."""
    active = get_user_model()._default_manager.filter(is_active=True)
    own = active.filter(**{get_user_model().USERNAME_FIELD: operating_user()}).first()
    user = own or active.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        raise AccountError("There is no active superuser, and no user with your name; name one with --user.")
    return user


def grant(user: AbstractUser, lifetime: timedelta | None, name: str = "", scopes: Collection[str] = SCOPES) -> Grant:
    """Make a token for this user, which expires after `lifetime`; None: never."""
    expires = None if lifetime is None else timezone.now() + lifetime
    _, token = token_terms.make_token(user, name, scopes, expires)
    readable = policy.scopes_of(policy.viewer_of(user), registry_cache.refresh()) if READ in scopes else ()
    return Grant(token, expires, sorted(readable), EMIT in scopes and user.has_perm("events.add_event"))


@contextmanager
def temporary_token(user: AbstractUser) -> Iterator[str]:
    """Yield a token to read with that ends with the block."""
    instance, token = token_terms.make_token(user, "tail_events", [READ], timezone.now() + TEMPORARY)
    try:
        yield token
    finally:
        instance.delete()
