"""What is still to be told to a person, in groups, and when. It has no clock, no database and no network."""

from __future__ import annotations

import copy
import heapq
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from events.core.event_types import EventType
from subscriptions.models.message_group import MAX_KEY
from subscriptions.standing.people import pairs
from subscriptions.standing.people.hours import Hours
from subscriptions.standing.people.matters import Group, Matter, about, member_of, rank
from subscriptions.standing.schedule import WAITS, wait_after

FIRST_WAIT = timedelta(seconds=30)  # of a group in which something happens: what belongs together comes together
PAUSE = timedelta(minutes=5)  # between two messages about a group
MAX_GROUPS = 1_000  # of a subscription; what is more shares one
MAX_MATTERS = 1_000  # of a group; what is more shares one for each event type
MAX_IN_ALL = 5_000  # of a subscription, likewise: a million took 200 MB, and seconds of everybody's to be written
SHARED = ""  # the key of the group of what has none


class Rules(NamedTuple):
    hours: Hours = Hours()
    group_by: str = ""
    least_severity: str = "info"


class Batch(NamedTuple):
    """What one message tells: matters of a group, each with the number of its events."""

    key: str
    matters: Mapping[str, Matter]


class Groups:
    def __init__(self, rules: Rules, known: Mapping[str, Group]) -> None:
        self._rules = rules
        self._groups = dict(known)
        self._matters = sum(len(group.matters) for group in known.values())
        self._changed: set[str] = set()
        self._idle = {key for key, group in known.items() if not group.matters}
        self._muted: Mapping[str, datetime] = {}
        self._due: list[tuple[datetime, str]] = []
        for key in self._groups:
            self._plan(key)

    # --- what comes ---

    def take(self, event_type: EventType, position: int, data: Mapping[str, Any], now: datetime) -> None:
        """Take an event. What is less grave than one wants to know is left out, unless it ends what was told."""
        begins = pairs.begins(event_type, data)
        key, name = self._key(data), about(event_type, data)
        group = self._groups.get(key)
        matter = group.matters.get(name) if group else None
        severity = str(data.get("severity", ""))
        if rank(severity) < rank(self._rules.least_severity) and not (begins is False and matter):
            return
        if group is None:
            group = self._groups[key] = Group(muted_until=self._muted.get(key))
        if matter is None:
            if len(group.matters) >= MAX_MATTERS or self._matters >= MAX_IN_ALL:
                name = event_type.id
                begins = None
            self._matters += name not in group.matters
            matter = group.matters.setdefault(name, Matter(event_type=event_type.id))
        was_critical = matter.is_critical
        matter.take(position, severity, begins=begins)
        self._changed.add(key)
        if group.due_at is None:
            group.waiting_since = now
            self._plan(key)
        elif matter.is_critical and not was_critical:
            self._plan(key)

    def _key(self, data: Mapping[str, Any]) -> str:
        if self._rules.hours.daily_at is not None:
            return SHARED
        key = member_of(data, self._rules.group_by)[:MAX_KEY]
        return key if key in self._groups or len(self._groups) < MAX_GROUPS else SHARED

    def _plan(self, key: str) -> None:
        """Find out when a group is due."""
        group = self._groups[key]
        group.due_at = self._due_at(group)
        if group.due_at is not None:
            heapq.heappush(self._due, (group.due_at, key))

    def _due_at(self, group: Group) -> datetime | None:
        since = group.waiting_since
        if since is None:
            return None
        hours = self._rules.hours
        due = hours.next_daily(since)
        if due is None:
            due = since + FIRST_WAIT if group.told_at is None else max(since + FIRST_WAIT, group.told_at + PAUSE)
            due = due if group.is_critical else hours.after_quiet(due)
        return max(each for each in (due, group.muted_until, group.again_at) if each is not None)

    def mute(self, until: Mapping[str, datetime]) -> None:
        """Take which groups are muted: what they have to tell waits."""
        self._muted = until
        for key, group in self._groups.items():
            if group.muted_until != until.get(key):
                group.muted_until = until.get(key)
                self._plan(key)

    # --- what goes ---

    def next_due(self) -> datetime | None:
        """Return when the next group is due."""
        while self._due:
            due_at, key = self._due[0]
            group = self._groups.get(key)
            if group is not None and group.due_at == due_at:
                return due_at
            heapq.heappop(self._due)
        return None

    def due(self, now: datetime, most: int) -> Batch | None:
        """Return what is to be told now: of the group that is due first, at most so many matters, what is over and what
        is gravest before the rest."""
        due_at = self.next_due()
        if due_at is None or due_at > now:
            return None
        key = self._due[0][1]
        told = [(name, each) for name, each in self._groups[key].matters.items() if each.count]
        told.sort(key=lambda each: (each[1].is_open is not False, -rank(each[1].worst), each[1].position))
        return Batch(key, {name: copy.copy(each) for name, each in told[:most]})

    def was_told(self, batch: Batch, now: datetime) -> None:
        """Note that a message was sent. What came meanwhile, and what had no room in it, comes with the next."""
        group = self._groups[batch.key]
        group.told_at, group.attempts, group.again_at = now, 0, None
        for name, told in batch.matters.items():
            matter = group.matters[name]
            matter.was_told(told.count)
            if matter.is_over:
                self._forget(group, name)
        self._settle(batch.key, group, now)

    def pass_over(self, batch: Batch, now: datetime) -> None:
        """Forget what nobody may be told."""
        group = self._groups[batch.key]
        for name, told in batch.matters.items():
            matter = group.matters[name]
            matter.count -= told.count
            if not matter.count:
                self._forget(group, name)
        self._settle(batch.key, group, now)

    def _forget(self, group: Group, name: str) -> None:
        del group.matters[name]
        self._matters -= 1

    def _settle(self, key: str, group: Group, now: datetime) -> None:
        group.waiting_since = now if any(each.count for each in group.matters.values()) else None
        self._changed.add(key)
        if not group.matters:
            self._idle.add(key)
        self._plan(key)

    def failed(self, batch: Batch, now: datetime, dice: float, asked: float | None) -> int:
        """Note that a message was not taken; return how often that has happened. It is never given up."""
        group = self._groups[batch.key]
        group.attempts += 1
        wait = wait_after(min(group.attempts, len(WAITS)), dice, asked) or 0.0
        group.again_at = now + timedelta(seconds=wait)
        self._changed.add(batch.key)
        self._plan(batch.key)
        return group.attempts

    # --- what is written ---

    def take_changes(self, now: datetime) -> dict[str, Group | None]:
        """Return the groups that have changed, by key; None for one of which nothing is left. One whose pause is not
        over has to be known."""
        for key in list(self._idle):
            group = self._groups[key]
            if group.matters:
                self._idle.discard(key)
            elif group.told_at is None or now - group.told_at >= PAUSE:
                del self._groups[key]
                self._idle.discard(key)
                self._changed.add(key)
        changed, self._changed = self._changed, set()
        return {key: copy.deepcopy(self._groups.get(key)) for key in changed}

    def put_back(self, keys: Mapping[str, Group | None]) -> None:
        """Note that these could not be written."""
        self._changed |= keys.keys()
