"""What one connection is owed from the log while it catches up, and what it has had: the bookkeeping of its replays.

Nothing here waits. `CatchUp` reads and sends what is owed.
"""

from __future__ import annotations

import math
from collections import deque

from subscriptions.clients.connection import Connection
from subscriptions.clients.hub import Hub
from subscriptions.clients.subscription import Subscription
from subscriptions.protocol import messages
from subscriptions.recent.entries import Entry
from subscriptions.recent.intervals import Interval, Intervals
from subscriptions.replay.request import Replay


class Ledger:
    def __init__(self, hub: Hub, connection: Connection, replay: Replay) -> None:
        self._hub = hub
        self._connection = connection
        self._waiting: deque[Replay] = deque()
        # Up to `_served` the connection had all before this replay; up to `_cursor` this replay has been sent.
        self._served = self._cursor = hub.served(connection)
        self._begin(replay)

    # --- what the connection's commands do to it ---

    @property
    def position(self) -> int:
        """Return up to where the connection has been sent all that it asks for."""
        return min([self._cursor, *(replay.after for replay in self._waiting)])

    @property
    def now(self) -> int:
        """Return how far the log has been read: for this connection that may be further than the dispatcher has read
        it."""
        return max(self._hub.position, self._cursor)

    def wait(self, replay: Replay) -> None:
        """Take a replay, whose turn comes after those before it."""
        self._waiting.append(replay)

    def add(self, subscription: Subscription) -> None:
        """Take a subscription made meanwhile, which asks for what comes from now on."""
        self._owed.add(Interval(subscription.id, subscription.of_type, subscription.start))

    def remove(self, subscription: Subscription) -> None:
        """Owe it nothing more, also of what it asked for until now."""
        self._retire_live(subscription)
        for interval in self._owed.of(subscription.id):
            self._owed.discard(interval)
            self._retire(interval, self._cursor)
        for replay in (self._replay, *self._waiting):
            replay.drop(subscription.id)

    def change(self, subscription: Subscription, before: Subscription) -> None:
        """Let it ask for something else from now on; what it is owed until now it still gets."""
        for replay in self._waiting:
            mine = [each for each in replay.intervals if each.subscription_id == subscription.id]
            if mine:
                mine[-1].end = subscription.start
                replay.intervals.append(Interval(subscription.id, subscription.of_type, subscription.start))
                return
        self._retire_live(before)
        for interval in self._owed.of(subscription.id):
            interval.end = min(interval.end, subscription.start)
        self.add(subscription)

    # --- what is owed ---

    @property
    def _behind(self) -> bool:
        return self._cursor < max(self._hub.position, self._replay.after)

    def _owes(self, entry: Entry) -> bool:
        return self._owed.hold(entry) and not self._had.hold(entry)

    # --- from one replay to the next ---

    def _begin(self, replay: Replay) -> None:
        self._replay = replay
        not_served = {each.subscription_id for waiting in (replay, *self._waiting) for each in waiting.intervals}
        served = [each for each in self._connection.subscriptions.values() if each.id not in not_served]
        self._had = Intervals(self._connection.past or ())
        self._owed = Intervals(replay.intervals)
        for each in served:
            self._had.add(Interval(each.id, each.of_type, each.start, self._served))
            self._owed.add(Interval(each.id, each.of_type, max(each.start, self._served)))
        self._cursor = min(self._served, replay.after)

    def _finish(self) -> bool:
        """Tell that this replay is done and go live, or on to the next one; return whether the connection is live."""
        for interval in self._owed.ended():
            self._retire(interval, self._cursor)
        self._served = self._cursor
        while self._waiting and self._waiting[0].is_over:
            self._waiting.popleft()
        if not self._replay.is_over:
            self._connection.send(self._done(self._replay))
        if self._waiting:
            self._begin(self._waiting.popleft())
            return False
        self._connection.go_live(self._cursor)
        return True

    def _done(self, replay: Replay) -> str:
        position_of = self._hub.position_id_of
        return messages.replayed(
            replay.subscription_id,
            replay.sent,
            position_of(self.position),
            reason=replay.reason,
            next_after=None if replay.next_after is None else position_of(replay.next_after),
        )

    def _give_up(self) -> None:
        """End a replay that has reached a limit: its subscriptions go on from now, with the gap that the client is
        told of."""
        replay = self._replay
        replay.reason, replay.next_after = "limit", self._cursor
        for interval in replay.intervals:
            self._owed.discard(interval)
            self._retire(interval, self._cursor)
            if interval.end == math.inf:
                subscription = self._connection.subscriptions[interval.subscription_id]
                subscription.start = self.now
                self.add(subscription)
        self._cursor = max(self._cursor, self._served)

    def _retire(self, interval: Interval, cursor: int) -> None:
        """Remember what an interval that ends has had, so that no later replay sends it again."""
        if interval.start < min(interval.end, cursor):
            self._connection.remember(
                Interval(interval.subscription_id, interval.of_type, interval.start, min(interval.end, cursor))
            )

    def _retire_live(self, subscription: Subscription) -> None:
        """Remember what was sent before this replay; of a subscription that is replayed, nothing."""
        replays = (self._replay, *self._waiting)
        if all(interval.subscription_id != subscription.id for replay in replays for interval in replay.intervals):
            self._retire(Interval(subscription.id, subscription.of_type, subscription.start), self._served)
