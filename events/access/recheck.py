"""Whether those who are connected still may be: read for many at once, when access may have changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from knox.models import AuthToken

from events.access import policy, sessions
from events.access.identity import Identity, identity_of_session
from events.models import Revision

IDENTITIES_AT_ONCE = 500  # identities; SQLite allows that many values in a query


class Found(NamedTuple):
    """What there is of some identities: active users, sessions and tokens that have not expired."""

    access: int
    users: dict[int, AbstractUser]
    sessions: dict[str, datetime]
    tokens: dict[str, datetime | None]


def recheck(identities: Collection[Identity]) -> dict[Identity, Identity | None]:
    """Return each identity as it is now, None where access has ended. A few queries, and one read of the cache where
    sessions are kept there, for 500: not for the event loop. Raises DatabaseError, whatever keeps the sessions."""
    access = Revision.current().access
    rechecked: dict[Identity, Identity | None] = {}
    for some in portions(list(identities)):
        found = find_all(some, access)
        rechecked |= {identity: as_found(identity, found) for identity in some}
    return rechecked


def portions(identities: Sequence[Identity]) -> Iterator[Sequence[Identity]]:
    return (identities[start : start + IDENTITIES_AT_ONCE] for start in range(0, len(identities), IDENTITIES_AT_ONCE))


def find_all(identities: Sequence[Identity], access: int) -> Found:
    now = timezone.now()
    users = get_user_model()._default_manager.filter(pk__in={each.user_id for each in identities}, is_active=True)
    tokens = AuthToken.objects.filter(pk__in={each.token_digest for each in identities}).exclude(expiry__lte=now)
    return Found(
        access,
        {user.pk: user for user in users.prefetch_related("groups")},
        sessions.valid_until({each.session_key for each in identities if each.session_key}),
        dict(tokens.values_list("pk", "expiry")),
    )


def as_found(identity: Identity, found: Found) -> Identity | None:
    user = found.users.get(identity.user_id)
    if user is None:
        return None
    viewer = policy.viewer_of(user)
    if identity.token_digest in found.tokens:
        expires_at = found.tokens[identity.token_digest]
        return identity._replace(viewer=viewer, access=found.access, expires_at=expires_at)
    if identity.session_key not in found.sessions:
        return None
    if identity.session_hash != user.get_session_auth_hash():
        # The password has changed; the session in which that was done may go on.
        return identity_of_session(identity.session_key, found.access)
    expires_at = found.sessions[identity.session_key]
    return identity._replace(viewer=viewer, access=found.access, expires_at=expires_at)
