"""Tokens that this process has read a moment ago, with their users, and with the groups and permissions of these.

A client that calls often would have them read with each call, and that is most of what a call costs.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from django.utils import timezone
from knox.models import AuthToken

from events.models import Revision

KNOWN_FOR_S = 1.0  # then what no signal has told, such as `QuerySet.update()`, counts too
MAX_KNOWN = 1_000  # tokens; beyond that, all are read again


class Known(NamedTuple):
    token: AuthToken
    access: tuple[int, str]  # the revision, and the epoch of the log, before it was read
    until: float  # time.monotonic()


_known: dict[str, Known] = {}  # by digest


def find_token(digest: str) -> AuthToken | None:
    """Return the token of this digest with its user, active or not; None if there is none, or if it has expired. It is
    read again as soon as access has changed: the one query of each call asks for that. Its user may be shared with
    other calls, so change nothing in it. Not for the event loop. Raises DatabaseError."""
    counters = Revision.current()
    access = counters.access, counters.epoch
    known = _known.get(digest)
    if known is None or known.access != access or known.until < time.monotonic():
        _known.pop(digest, None)
        token = read(digest)
        if token is None:
            return None
        if len(_known) >= MAX_KNOWN:
            _known.clear()
        known = _known[digest] = Known(token, access, time.monotonic() + KNOWN_FOR_S)
    expiry = known.token.expiry
    return known.token if expiry is None or expiry > timezone.now() else None


def read(digest: str) -> AuthToken | None:
    # The digest is of 256 random bits, so that it gives nothing away to compare it in the database.
    tokens = AuthToken.objects.filter(digest=digest).select_related("user", "terms")
    return tokens.prefetch_related("user__groups").first()
