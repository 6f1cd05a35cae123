"""All standing subscriptions at work: who gets which event of the log, and what has become of each."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

import msgspec
from django.db import Error as DatabaseError  # InterfaceError too
from django.utils import timezone

from events.broadcast import Broadcast
from events.core.event_types import Registry
from events.core.records import LoggedEvent
from events.models import LogHead
from subscriptions.matching.matcher import Matcher
from subscriptions.models import StandingSubscription
from subscriptions.standing import message, notices
from subscriptions.standing.attempts import READ_AGAIN_S, Attempts, Log, Now, Send
from subscriptions.standing.failures import Failures
from subscriptions.standing.people.runner import PeopleRunner, runner_of
from subscriptions.standing.process import farewell
from subscriptions.standing.process.record import EPOCH, EXPIRED, Loaded, Written
from subscriptions.standing.runner import Runner
from subscriptions.standing.wanted import Ended, Wanted, wanted_of

logger = logging.getLogger(__name__)

FOLLOWED_TOGETHER = 10_000  # events before the head: who is further behind at the start reads the log by itself
REFILL_EVENTS = 100  # events that are read at once for a subscription that is behind
WRITE_ALL_EVERY = timedelta(seconds=10)  # the watermarks of those too that nothing matches


class Deliveries:
    def __init__(self, send: Send, log: Log, suspend_after: timedelta, now: Now = timezone.now) -> None:
        self.runners: dict[int, Runner] = {}
        self.attempts = Attempts(self.runners, send, log, now, self._next)
        self.position = 0  # everything up to here has been offered
        self.told: list[Broadcast] = []  # what others are told with the next write
        self._log = log
        self._suspend_after = suspend_after
        self._now = now
        self._matcher: Matcher[int] = Matcher()
        self._all_written_at = now()

    @property
    def epoch(self) -> str:
        return self.attempts.epoch

    @property
    def types(self) -> Collection[str]:
        return self._matcher.types.keys()

    # --- who there is ---

    def begin(self, head: LogHead, loaded: Iterable[Loaded]) -> None:
        """Follow a log: the first, or another one. `settle` comes next."""
        for pk in list(self.runners):
            self._drop(pk)
        self.attempts.epoch = head.epoch
        behind = (each.row.position for each in loaded if each.row.epoch == head.epoch)
        self.position = max(min(behind, default=head.position), head.position - FOLLOWED_TOGETHER, 0)
        self.position = min(self.position, head.position)

    def settle(self, loaded: Sequence[Loaded], registry: Registry, head: LogHead) -> None:
        """Take all standing subscriptions as they are in the database. One that nobody has changed goes on."""
        for gone in self.runners.keys() - {each.row.pk for each in loaded}:
            self._drop(gone)
        for each in loaded:
            known = self.runners.get(each.row.pk)
            if known is not None and known.row.generation != each.row.generation:
                self._drop(each.row.pk)
                known = None
            self._settle_one(each, known, registry, head)

    def _settle_one(self, loaded: Loaded, known: Runner | None, registry: Registry, head: LogHead) -> None:
        runner = known or self._begin_one(loaded, head)
        if runner.stopped:
            return
        try:
            wanted = wanted_of(runner.row, registry, loaded.viewer)
            if loaded.ended:
                raise Ended(loaded.ended)
        except Ended as reason:
            self._want(runner, Wanted({}, runner.row.event_types, runner.row.filters))
            runner.stop(StandingSubscription.State.ENDED, str(reason))
            if runner.row.handle:
                end = farewell.end_of(loaded, registry)
                self.attempts.tell_end(runner.destination, message.of_end(end, runner.row.handle))
            return
        runner.types = registry.types
        if isinstance(runner, PeopleRunner):
            runner.groups.mute(loaded.muted)
        if wanted.of_type != runner.wanted.of_type:
            self._want(runner, wanted)
        self._next(runner)

    def _begin_one(self, loaded: Loaded, head: LogHead) -> Runner:
        row, failures, groups = loaded.row, loaded.failures, loaded.groups
        if row.epoch != head.epoch:
            row.epoch, row.position, row.gap_reason = head.epoch, head.position, EPOCH
            failures, groups = Failures({}, failures.given_up), {}
        elif loaded.expired:
            row.gap_reason = EXPIRED
        nothing = Wanted({}, row.event_types, row.filters)
        runner = runner_of(row, loaded.destination, nothing, failures, groups, self._suspend_after, self._now)
        runner.live = runner.read_up_to >= self.position
        runner.knows_gap = loaded.expired and not runner.live
        self.runners[row.pk] = runner
        return runner

    def _want(self, runner: Runner, wanted: Wanted) -> None:
        for event_type, filter in runner.wanted.of_type.items():
            self._matcher.remove(event_type, filter, runner.row.pk)
        runner.wanted = wanted
        for event_type, filter in wanted.of_type.items():
            self._matcher.add(event_type, filter, runner.row.pk)
        if wanted.narrowed:
            runner.row.event_types, runner.row.filters = wanted.event_types, dict(wanted.filters)
            runner.row.reason, runner.dirty = wanted.narrowed, True

    def _drop(self, pk: int) -> None:
        runner = self.runners.pop(pk)
        self._want(runner, runner.wanted._replace(of_type={}, narrowed=""))
        self.attempts.cancel(pk)

    # --- what comes ---

    def offer(self, events: Iterable[LoggedEvent]) -> None:
        """Offer the next events of the log to all that ask for them."""
        for event in events:
            if event.type in self._matcher.types:
                for pk in self._matcher.match(event.type, msgspec.json.decode(event.data)):
                    runner = self.runners[pk]
                    if runner.live and not is_about(event, runner.row):
                        runner.offer(event)
                        self._next(runner)
            self.position = event.position
        self.attempts.pump()

    def _next(self, runner: Runner) -> None:
        if runner.wants_more:
            runner.refilling = True
            self.attempts.start(self._refill(runner), runner.row.pk)
        self.attempts.ready(runner)

    async def _refill(self, runner: Runner) -> None:
        """Read what the log has for a subscription that is behind; it is live when there is no more."""
        began_at, followed_to = runner.read_up_to, self.position
        checked = None
        try:
            checked = await self._log.page(self.epoch, began_at, REFILL_EVENTS, list(runner.wanted.of_type))
        except DatabaseError as error:
            logger.warning("The log cannot be read for %s; trying again: %s", runner.destination, error)
            await asyncio.sleep(READ_AGAIN_S)
        finally:
            runner.refilling = False
        if checked is None:
            return self._next(runner)
        page = checked.page
        if checked.expired and not runner.knows_gap:
            runner.row.gap_reason, runner.knows_gap = EXPIRED, True
        matching = [each for each in page.events if runner.wanted.includes(each) and not is_about(each, runner.row)]
        runner.refill(matching, page.read_up_to(followed_to))
        if runner.read_up_to >= self.position:
            runner.live, runner.knows_gap = True, False
        runner.dirty = True
        self._next(runner)
        self.attempts.pump()
        return None

    # --- what is written ---

    def take_written(self) -> list[Written]:
        """Return what has changed since the last time; what others are told goes to `told`."""
        now = self._now()
        write_all = now - self._all_written_at >= WRITE_ALL_EVERY
        if write_all:
            self._all_written_at = now
        changed = [each for each in self.runners.values() if each.dirty or write_all]
        return [self._written(each) for each in changed]

    def _written(self, runner: Runner) -> Written:
        for position, failure in runner.given_up:
            if notice := notices.given_up(runner.row, runner.destination, position, failure):
                self.told.append(notice)
        if runner.has_stopped:
            self.told.append(notices.suspended(runner.row, runner.destination))
        runner.move(self.position)
        runner.given_up, runner.has_stopped, runner.dirty = [], False, False
        groups = runner.groups.take_changes(self._now()) if isinstance(runner, PeopleRunner) else {}
        return Written(copy.copy(runner.row), runner.failures.take_changes(), groups)

    def put_back(self, written: Iterable[Written]) -> None:
        """Keep what could not be written for the next time."""
        for each in written:
            runner = self.runners.get(each.row.pk)
            if runner is not None and runner.row.generation == each.row.generation:
                runner.failures.put_back(each.changes)
                if isinstance(runner, PeopleRunner):
                    runner.groups.put_back(each.groups)
                runner.dirty = True

    def forget_stopped(self, written: Iterable[Written]) -> None:
        """Forget those that were written as suspended or ended."""
        for each in written:
            if each.row.state != StandingSubscription.State.ACTIVE and each.row.pk in self.runners:
                self._drop(each.row.pk)


def is_about(event: LoggedEvent, row: StandingSubscription) -> bool:
    """Say whether an event tells of this subscription itself: that would never end."""
    return event.type in notices.OURS and msgspec.json.decode(event.data).get("subscription_id") == row.pk
