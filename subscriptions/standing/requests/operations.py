"""What people do with a standing subscription that there is: pause, resume, replay, send again, test."""

from __future__ import annotations

import asyncio

from django.db import transaction
from django.utils import timezone

from events import registry_cache
from events.access import policy
from events.core import moment
from events.core.position import parse_position
from events.core.problems import shown
from events.log import reading, search
from events.pacing.turns import ThreadTurns
from subscriptions.models import DeliveryLease, Destination
from subscriptions.models.failed_delivery import FailedDeliveryQuerySet
from subscriptions.models.standing import StandingSubscription as Standing
from subscriptions.standing.answer import Answer
from subscriptions.standing.kinds import messages
from subscriptions.standing.requests.asked import refusal
from subscriptions.standing.requests.destinations import check_is_not_of_agent, check_permission
from subscriptions.standing.wanted import Ended, wanted_of

TESTS, TESTS_OF_USER, TEST_WAIT = 8, 1, 2.0  # at once, of one user, and seconds to wait for one's turn
AFTER = "the id of an event, or a time such as 2026-01-31T23:59:00Z"

_tests: ThreadTurns[object] = ThreadTurns(TESTS, TESTS_OF_USER)


def pause(standing: Standing) -> None:
    """Send nothing until it is resumed. What comes meanwhile is sent then, as long as the log keeps it."""
    if standing.state == Standing.State.ACTIVE:
        standing.change(state=Standing.State.PAUSED, reason="")


@transaction.atomic
def resume(standing: Standing) -> None:
    """Go on from the watermark, whatever has stopped it. Raises Refusal if there is nothing that it could be sent."""
    check_permission(standing.owner, standing.destination)
    viewer = policy.viewer_of(standing.owner) if standing.owner.is_active else None
    try:
        wanted_of(standing, registry_cache.refresh(), viewer)
    except Ended as reason:
        raise refusal("state", str(reason).rstrip(".")) from None
    go_on(standing)


def go_on(standing: Standing) -> None:
    """Send from the watermark on, and try what has failed at once."""
    standing.failed.waiting().update(next_at=timezone.now())
    standing.groups.update(again_at=None)
    standing.change(state=Standing.State.ACTIVE, reason="", failing_since=None)


@transaction.atomic
def replay(standing: Standing, after: str) -> int:
    """Send again what came after an event or a time; return the position. What failed after that is tried with it.
    Raises Refusal."""
    head = reading.head()
    position = position_of(after, head.epoch, head.position)
    standing.failed.filter(epoch=head.epoch, position__gt=position).delete()
    standing.change(epoch=head.epoch, position=position, gap_reason="")
    return position


def position_of(after: str, epoch: str, head: int) -> int:
    """Return the position after which a replay begins: an event's id, or a time. Raises Refusal."""
    if (known := parse_position(after)) is not None:
        if known[0] != epoch or known[1] > head:
            raise refusal("after", f"{shown(after)} is not a position of this log", "invalid_position")
        return known[1]
    try:
        return search.position_before(moment.parse_moment(after).first)
    except ValueError:
        raise refusal("after", f"{shown(after)} is not {AFTER}", "invalid_position") from None


@transaction.atomic
def send_again(standing: Standing, failed: FailedDeliveryQuerySet) -> int:
    """Try what was given up once more, from the first wait on; return how many there are. What the log does not have
    any more stays listed."""
    again = failed.given_up().filter(standing=standing, epoch=reading.head().epoch).exclude(position=0)
    count = again.update(given_up_at=None, next_at=timezone.now(), attempts=0)
    if count:
        standing.change()
    return count


@transaction.atomic
def forget(standing: Standing, failed: FailedDeliveryQuerySet) -> int:
    """Take what was given up off the list; return how many there were."""
    count, _ = failed.given_up().filter(standing=standing).delete()
    if count:
        standing.change()
    return count


@transaction.atomic
def delete(standing: Standing) -> None:
    standing.delete()
    DeliveryLease.bump()


def send_test(standing: Standing) -> Answer | None:
    """Send a message that is no event, now and from this process; return what the destination made of it. To chat, the
    process that delivers sends it: None is returned, and the row tells later. Raises TimeoutError when others' tests,
    or another of this owner, take too long."""
    check_is_not_of_agent(standing)
    check_permission(standing.owner, standing.destination)
    if standing.destination.kind == Destination.Kind.CHAT:
        if standing.state != Standing.State.ACTIVE:
            raise refusal("state", f"it is {standing.state}: resume it first, then the test is sent")
        standing.change(test_asked=True)
        return None
    with _tests.turn(standing.owner_id, TEST_WAIT):
        return _send_test(standing)


def _send_test(standing: Standing) -> Answer:
    from subscriptions.standing.sending import Sender  # 250 ms, which forms and commands would wait for

    head = reading.head()
    sent = messages.of_test(standing, head.epoch, head.position, timezone.now())

    async def send() -> Answer:
        async with Sender() as sender:
            return await sender.send(standing.destination, sent)

    return asyncio.run(send())
