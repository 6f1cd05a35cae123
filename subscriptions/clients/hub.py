"""Who is connected, what they ask for, and up to where they have been served.

Each call is one step, without an await between a check and its effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from events.access import policy
from events.access.identity import Identity
from events.access.policy import Scopes
from events.core.event_types import Registry, Viewer
from events.core.position import position_id
from subscriptions.clients.connection import Connection
from subscriptions.clients.connection_limits import ConnectionLimits
from subscriptions.clients.revocation import RegistryChange, asked_now, filters_gone, reason_to_revoke
from subscriptions.clients.subscription import Subscription
from subscriptions.matching.matcher import Matcher, Sizes
from subscriptions.matching.subscribers import Hits
from subscriptions.protocol import messages
from subscriptions.protocol.endings import Ending
from subscriptions.recent.entries import Entry
from subscriptions.recent.ephemeral import EphemeralEntry
from subscriptions.recent.intervals import Interval

MAX_UNSENT_IN_ALL = 256 * 1024 * 1024  # characters; over that the slowest connections are closed first
MAX_VIEWERS = 1_000  # whose scopes are remembered; people of the same groups are one viewer

Identities = Mapping[Identity, Identity | None]  # as they were known → as they are now, None where access has ended


class Hub:
    def __init__(self, registry: Registry, epoch: str, position: int, asked: Callable[[Collection[str]], None]) -> None:
        """Begin without connections. `asked` is told of the event types that somebody asks for, when these may have
        changed."""
        self.registry = registry
        self.epoch = epoch
        self.position = position  # everything up to here has been offered
        self.connections: set[Connection] = set()
        self._scopes: dict[Viewer, Scopes] = {}
        self._matcher: Matcher[Connection] = Matcher()
        self.types = self._matcher.types  # a live view of those that somebody asks for
        self.unsent = 0  # bytes of all connections, when that was last looked at
        self._connection_limits = ConnectionLimits()
        self._asked = asked

    def enter(self, connection: Connection) -> bool:
        """Take a connection in; False when its user, its address or the process has too many."""
        if not self._connection_limits.admit(connection):
            return False
        connection.scopes = self._scopes_of(connection.identity.viewer)
        self.connections.add(connection)
        return True

    def _scopes_of(self, viewer: Viewer) -> Scopes:
        """Return what a viewer may see, one object for all who see the same."""
        if viewer not in self._scopes:
            if len(self._scopes) >= MAX_VIEWERS:
                self._scopes.clear()
            self._scopes[viewer] = policy.scopes_of(viewer, self.registry)
        return self._scopes[viewer]

    def leave(self, connection: Connection) -> None:
        for subscription in list(connection.subscriptions.values()):
            self._unindex(connection, subscription)
        self.connections.remove(connection)
        self._connection_limits.dismiss(connection)

    # --- subscriptions ---

    def subscribe(self, connection: Connection, subscription: Subscription) -> None:
        """Begin a subscription, to what comes from now on."""
        subscription.start = self.now(connection)
        self.index(connection, subscription)
        if connection.backlog is not None:
            connection.backlog.add(subscription)

    def change(self, connection: Connection, subscription: Subscription, before: Subscription) -> None:
        """Let the same subscription ask for something else from now on."""
        subscription.start = self.now(connection)
        self._unindex(connection, before)
        self.index(connection, subscription)
        if connection.backlog is not None:
            connection.backlog.change(subscription, before)
        else:
            self._remember(connection, before)

    def unsubscribe(self, connection: Connection, subscription: Subscription) -> None:
        self._unindex(connection, subscription)
        if connection.backlog is not None:
            connection.backlog.remove(subscription)
        else:
            self._remember(connection, subscription)

    def index(self, connection: Connection, subscription: Subscription) -> None:
        connection.subscriptions[subscription.id] = subscription
        known = len(self.types)
        for event_type, filter in subscription.of_type.items():
            self._matcher.add(event_type, filter, connection)
        if len(self.types) > known:
            self._asked(self.types)

    def _unindex(self, connection: Connection, subscription: Subscription) -> None:
        del connection.subscriptions[subscription.id]
        known = len(self.types)
        for event_type, filter in subscription.of_type.items():
            self._matcher.remove(event_type, filter, connection)
        if len(self.types) < known:
            self._asked(self.types)

    def _remember(self, connection: Connection, subscription: Subscription) -> None:
        served = self.served(connection)
        if subscription.start < served:
            connection.remember(Interval(subscription.id, subscription.of_type, subscription.start, served))

    # --- positions ---

    def served(self, connection: Connection) -> int:
        """Return the position up to which a live connection has been sent all that it asks for."""
        return max(self.position, int(connection.sent_up_to))

    def now(self, connection: Connection) -> int:
        """Return the position after which a subscription of this connection begins that is made now."""
        return self.served(connection) if connection.backlog is None else connection.backlog.now

    def position_id_of(self, position: int) -> str:
        return position_id(self.epoch, position)

    def position_of(self, connection: Connection) -> str:
        """Return the position to tell a client: it has been sent all that it asks for up to there."""
        backlog = connection.backlog
        return self.position_id_of(self.served(connection) if backlog is None else backlog.position)

    # --- delivery ---

    def recipients(self, entry: Entry | EphemeralEntry) -> Hits[Connection] | None:
        """Return those with a subscription that the event matches; None where there is nobody."""
        if entry.type not in self.types:
            return None  # nor is its payload decoded
        return self._matcher.hits(entry.type, entry.payload) or None

    def close_slow(self) -> None:
        """Close the peers that have stalled, and the slowest while all together have too much unsent."""
        now = asyncio.get_running_loop().time()
        self.unsent = unsent = sum([connection.outbox.check_progress(now) for connection in self.connections])
        if unsent <= MAX_UNSENT_IN_ALL:
            return
        for connection in sorted(self.connections, key=lambda each: each.outbox.unsent, reverse=True):
            unsent -= connection.outbox.unsent
            connection.outbox.close(Ending.TOO_SLOW)
            if unsent <= MAX_UNSENT_IN_ALL:
                return

    def sizes(self) -> Sizes:
        """Return how much they ask for, all together."""
        return self._matcher.sizes()

    # --- what may change while sockets are open ---

    def begin_epoch(self, epoch: str, position: int, registry: Registry) -> None:
        """Take another log: what the connections have been sent means nothing now, and all are told. The registry's
        version may be a lower one there."""
        self.epoch, self.position, self.registry = epoch, position, registry
        self._scopes.clear()
        for connection in self.connections:
            connection.outbox.close(Ending.EPOCH_CHANGED)

    def losing(self, registry: Registry, found: Identities) -> set[Identity]:
        """Return who of the connected would lose a subscription, by this registry and what these identities have
        become, since they may not see its type as before."""
        losing: set[Identity] = set()
        others: dict[tuple[Viewer, Viewer], set[str]] = {}  # event types, as one viewer was and is now
        active = {id for id, each in registry.types.items() if each.active}
        for connection in self.connections:
            identity = found.get(connection.identity, connection.identity)
            if identity is None:
                continue
            key = (connection.identity.viewer, identity.viewer)
            if key not in others:
                now = policy.scopes_of(identity.viewer, registry)
                others[key] = {id for id, scope in connection.scopes.items() if id in active and scope != now.get(id)}
            if others[key] and any(others[key] & each.of_type.keys() for each in connection.subscriptions.values()):
                losing.add(connection.identity)
        return losing

    def adopt(self, registry: Registry, found: Identities) -> None:
        """Take a newer registry, and what identities have become: None, where access has ended."""
        change = None
        # Else two threads read it, and the older answer came last. That of another epoch comes by `begin_epoch`.
        if registry.epoch == self.epoch and registry.version >= self.registry.version:
            change = RegistryChange(self.registry, registry) if registry.version > self.registry.version else None
            self.registry = registry  # also the same one, read again: else each poll would take it for a newer one
            self._scopes.clear()
        for connection in self.connections:
            before = connection.identity
            identity = found.get(before, before)
            if identity is None:
                connection.outbox.close(Ending.ACCESS_ENDED)
                continue
            connection.identity = identity
            if change is not None or identity.viewer != before.viewer:
                self._review(connection, change)

    def _review(self, connection: Connection, change: RegistryChange | None = None) -> None:
        """End what the connection may no longer have, and tell it that there is other metadata."""
        connection.scopes = self._scopes_of(connection.identity.viewer)
        for subscription in list(connection.subscriptions.values()):
            if reason := reason_to_revoke(subscription, connection, change):
                self.unsubscribe(connection, subscription)
                position, gone = self.position_of(connection), filters_gone(subscription, change)
                connection.send(messages.unsubscribed(subscription.id, position, reason=reason, filters_gone=gone))
                continue
            subscription.scopes = connection.scopes  # equal for its types; so the older object is let go
            if change is not None and (of_type := asked_now(subscription, change)):
                asking = subscription.asking(of_type)
                self.change(connection, asking, subscription)
        if connection.knows_metadata:
            connection.send(messages.metadata_changed(self.registry.version))
