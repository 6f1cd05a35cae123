"""Sessions and tokens that have expired: refused at once, and deleted by `prune_events` long after.

Whoever is refused because a clock is wrong for a while has what he had when it is right again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from knox.models import AuthToken

from events.access import sessions

KEPT_FOR = timedelta(days=30)  # after they have expired


def count_credentials(now: datetime) -> tuple[int, int]:
    """Return how many sessions and tokens `prune_credentials` would delete."""
    old_sessions, old_tokens = expired_before(now - KEPT_FOR)
    return 0 if old_sessions is None else old_sessions.count(), old_tokens.count()


def prune_credentials(now: datetime, chunk: int) -> tuple[int, int]:
    """Delete the sessions and tokens that expired so long before `now`, so many at a time; return how many of each."""
    old_sessions, old_tokens = expired_before(now - KEPT_FOR)
    return 0 if old_sessions is None else delete(old_sessions, chunk), delete(old_tokens, chunk)


def expired_before(moment: datetime) -> tuple[QuerySet[Any] | None, QuerySet[Any]]:
    """Return the sessions, None where no table keeps them (a cache forgets them by itself), and the tokens."""
    kept = sessions.model()
    tokens = AuthToken.objects.filter(expiry__lt=moment)
    return None if kept is None else kept._default_manager.filter(expire_date__lt=moment), tokens


def delete(rows: QuerySet[Any], chunk: int) -> int:
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:chunk]):
        _, of_each_model = rows.model._default_manager.filter(pk__in=keys).delete()
        deleted += of_each_model.get(rows.model._meta.label, 0)
    return deleted
