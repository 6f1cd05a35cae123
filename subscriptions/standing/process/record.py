"""What the process that delivers reads from the database, and what it writes there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from knox.models import AuthToken

from events import registry_cache
from events.access import policy
from events.broadcast import Broadcast
from events.core.event_types import Registry, Viewer
from events.log import placing, reading
from events.log.pages import LogPage
from events.models import EventType, LogHead, Revision
from events.sources.never_raises import try_broadcast_all
from subscriptions.models import (
    AgentSubscription,
    DeliveryLease,
    Destination,
    FailedDelivery,
    MessageGroup,
    StandingSubscription,
)
from subscriptions.standing.failures import Changes, Failure, Failures
from subscriptions.standing.kinds import permissions
from subscriptions.standing.people.matters import Group
from subscriptions.standing.process import group_rows

# What the process that delivers writes of a row; the rest is people's.
COLUMNS = (
    *("event_types", "filters", "state", "reason", "epoch", "position", "gap_reason", "test_asked"),
    *("last_success_at", "failing_since", "last_error", "last_error_at"),
)
EXPIRED, EPOCH = "expired", "epoch"  # why there is a gap; the words of the protocol


class Polled(NamedTuple):
    registry: Registry
    head: LogHead
    access: int
    changes: int


class Loaded(NamedTuple):
    """A standing subscription that is active. `viewer` is its owner, None if that is nobody who may sign in.
    `ended` says why nothing more may be sent to such a destination. `expired` says that retention has
    deleted events after its watermark."""

    row: StandingSubscription
    destination: Destination
    viewer: Viewer | None
    failures: Failures
    expired: bool
    ended: str = ""
    groups: Mapping[str, Group] = {}
    muted: Mapping[str, datetime] = {}


class Written(NamedTuple):
    """What has become of a standing subscription since it was written last."""

    row: StandingSubscription
    changes: Changes
    groups: Mapping[str, Group | None] = {}


class CheckedPage(NamedTuple):
    """A page of the log. `expired`: retention has deleted some that would have been in it, or before it."""

    page: LogPage
    expired: bool


def poll() -> Polled:
    """Return what one poll needs of the database. Where the log has begun another epoch, so has the registry."""
    placing.place_abandoned()
    head, registry = reading.head(), registry_cache.refresh()
    changes = DeliveryLease.objects.values_list("changes", flat=True).first() or 0
    return Polled(registry, head, Revision.current().access, changes)


def load(epoch: str) -> list[Loaded]:
    """Return all that are active, with what waits in this epoch: a few queries, however many there are."""
    given_up = Count("failed", filter=Q(failed__given_up_at__isnull=False))
    rows = StandingSubscription.objects.filter(state=StandingSubscription.State.ACTIVE)
    rows = (
        rows.select_related("destination", "owner", "agent")
        .prefetch_related("owner__groups")
        .annotate(n_given_up=given_up)
    )
    waiting: defaultdict[int, dict[int, Failure]] = defaultdict(dict)
    pruned_to = dict(EventType.objects.filter(pruned_to__gt=0).values_list("pk", "pruned_to"))
    for each in FailedDelivery.objects.waiting().filter(standing__state=StandingSubscription.State.ACTIVE, epoch=epoch):
        waiting[each.standing_id][each.position] = Failure(
            each.event_type, each.attempts, each.next_at, each.error_class, each.error
        )
    loaded = list(rows)
    refused = permissions.refusals([(each.owner, each.destination) for each in loaded])
    tokens = tokens_in_force(each.agent.token_digest for each in loaded if each.handle)
    groups, muted = group_rows.load(epoch), group_rows.muted()
    return [
        Loaded(
            row,
            row.destination,
            policy.viewer_of(row.owner) if row.owner.is_active else None,
            Failures(waiting[row.pk], row.n_given_up),
            any(pruned_to.get(each, 0) > row.position for each in row.event_types),
            refused.get(row.pk) or why_agent_ended(row, tokens),
            groups[row.pk],
            muted[row.pk],
        )
        for row in loaded
    ]


def why_agent_ended(row: StandingSubscription, tokens: Collection[str]) -> str:
    has_ended = row.handle and row.agent.token_digest not in tokens
    return "The token of the agent that made it has ended." if has_ended else ""


def tokens_in_force(digests: Iterable[str]) -> set[str]:
    tokens = AuthToken.objects.filter(pk__in=set(digests)).exclude(expiry__lte=timezone.now())
    return set(tokens.values_list("pk", flat=True))


def forget_ended_agents(now: datetime) -> None:
    """Delete the subscriptions of agents that have ended, or were not refreshed: nobody can resume them."""
    StandingSubscription.objects.filter(agent__in=AgentSubscription.objects.over(now)).delete()


def read_page(after: int, limit: int, types: Collection[str]) -> CheckedPage:
    """Return the next events of these types, and whether some after that position are gone: judged after the page. To
    be called within an epoch."""
    page = reading.read_after(after, limit, types)
    return CheckedPage(page, reading.is_pruned(after, types))


def write(epoch: int, written: Sequence[Written], log_epoch: str, broadcasts: Sequence[Broadcast]) -> set[int]:
    """Write what has become of these, in one transaction, and broadcast what others are told. Return those that
    somebody has changed or deleted meanwhile: of these nothing was written. Raises LeaseLost."""
    with transaction.atomic():
        DeliveryLease.lock(epoch)
        rows = StandingSubscription.objects.select_for_update().filter(pk__in=[each.row.pk for each in written])
        known = dict(rows.values_list("pk", "generation"))
        mine = [each for each in written if known.get(each.row.pk) == each.row.generation]
        StandingSubscription.objects.bulk_create(
            [each.row for each in mine], update_conflicts=True, unique_fields=["id"], update_fields=COLUMNS
        )
        write_failures(mine, log_epoch)
        group_rows.write([(each.row.pk, each.groups) for each in mine if each.groups], log_epoch)
        for type_id in dict.fromkeys(each.event_type for each in broadcasts):
            same = [each for each in broadcasts if each.event_type == type_id]
            try_broadcast_all(type_id, [each.data for each in same], source=same[0].source)
    return {each.row.pk for each in written} - {each.row.pk for each in mine}


def write_failures(written: Sequence[Written], log_epoch: str) -> None:
    for each in written:
        over = [position for position, failure in each.changes.items() if failure is None]
        if over:
            FailedDelivery.objects.filter(standing=each.row, epoch=log_epoch, position__in=over).delete()
        rows = [
            FailedDelivery(
                standing=each.row,
                epoch=log_epoch,
                position=position,
                event_type=failure.event_type,
                attempts=failure.attempts,
                next_at=failure.next_at,
                error_class=failure.error_class,
                error=failure.error,
                given_up_at=failure.given_up_at,
            )
            for position, failure in each.changes.items()
            if failure is not None
        ]
        FailedDelivery.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["standing", "epoch", "position"],
            update_fields=["event_type", "attempts", "next_at", "error_class", "error", "given_up_at"],
        )


def end_waiting_of_other_epochs(log_epoch: str, now: datetime) -> None:
    """Give up what failed in a log that is no more: it cannot be read again."""
    FailedDelivery.objects.waiting().exclude(epoch=log_epoch).update(given_up_at=now, error_class=EPOCH)
    MessageGroup.objects.exclude(epoch=log_epoch).delete()
