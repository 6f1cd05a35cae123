"""The groups of people's messages, as the process that delivers reads and writes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from django.utils import timezone

from subscriptions.models import MessageGroup, Mute, StandingSubscription
from subscriptions.standing.people.matters import Group, Matter

COLUMNS = ("matters", "waiting_since", "told_at", "attempts", "again_at")

Of = defaultdict[int, dict[str, Group]]


def load(epoch: str) -> Of:
    """Return the groups of all that are active, by subscription and key."""
    groups: Of = defaultdict(dict)
    active = StandingSubscription.State.ACTIVE
    for row in MessageGroup.objects.filter(standing__state=active, epoch=epoch):
        groups[row.standing_id][row.key] = Group(
            matters=msgspec.convert(row.matters, dict[str, Matter]),
            waiting_since=row.waiting_since,
            told_at=row.told_at,
            attempts=row.attempts,
            again_at=row.again_at,
        )
    return groups


def muted() -> defaultdict[int, dict[str, datetime]]:
    """Return until when groups are muted, by subscription and key."""
    until: defaultdict[int, dict[str, datetime]] = defaultdict(dict)
    for mute in Mute.objects.filter(until__gt=timezone.now()).order_by("until"):
        until[mute.standing_id][mute.key] = mute.until
    return until


def write(changes: Iterable[tuple[int, Mapping[str, Group | None]]], epoch: str) -> None:
    rows = []
    for standing_id, groups in changes:
        if over := [key for key, group in groups.items() if group is None]:
            MessageGroup.objects.filter(standing_id=standing_id, epoch=epoch, key__in=over).delete()
        rows += [
            MessageGroup(
                standing_id=standing_id,
                epoch=epoch,
                key=key,
                matters=msgspec.to_builtins(group.matters),
                **{name: getattr(group, name) for name in COLUMNS[1:]},
            )
            for key, group in groups.items()
            if group is not None
        ]
    MessageGroup.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["standing", "epoch", "key"], update_fields=COLUMNS
    )
