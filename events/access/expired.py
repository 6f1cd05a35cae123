"""Sessions and tokens that have expired: refused at once, and deleted by `prune_events` long after.

Whoever is refused because a clock is wrong for a while has what he had when it is right again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from knox.models import AuthToken

KEPT_FOR = timedelta(days=30)  # after they have expired


def count(now: datetime) -> tuple[int, int]:
    """How many sessions and tokens `prune` would delete."""
    before = now - KEPT_FOR
    sessions = Session.objects.filter(expire_date__lt=before)
    return sessions.count(), AuthToken.objects.filter(expiry__lt=before).count()


def prune(now: datetime, chunk: int) -> tuple[int, int]:
    """Delete the sessions and tokens that expired so long before `now`, so many at a time; how many of each."""
    before = now - KEPT_FOR
    sessions = tokens = 0
    while keys := list(Session.objects.filter(expire_date__lt=before).values_list("pk", flat=True)[:chunk]):
        sessions += Session.objects.filter(pk__in=keys).delete()[0]
    while keys := list(AuthToken.objects.filter(expiry__lt=before).values_list("pk", flat=True)[:chunk]):
        tokens += AuthToken.objects.filter(pk__in=keys).delete()[0]
    return sessions, tokens
