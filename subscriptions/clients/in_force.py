"""Applies a new registry and new identities together, as they are in force at one moment."""

from __future__ import annotations

from collections.abc import Collection

from events import registry_cache
from events.access.identity import Identity
from events.access.recheck import recheck
from events.core.event_types import Registry
from events.models import Revision
from subscriptions.clients.hub import Hub, Identities
from subscriptions.threads import DatabaseThreads

TRIES = 10  # while what is read moves on; then it is taken as it was read last


async def put_in_force(hub: Hub, threads: DatabaseThreads, registry: Registry, found: Identities) -> None:
    """Give the hub the registry and the identities that were read. One of the two may be older than the other. So a
    user who would lose something is read again, together with the registry. Raises DatabaseError."""
    confirmed: Identities = {}
    for _ in range(TRIES):
        if registry.epoch != hub.epoch or registry.version < hub.registry.version:
            registry, confirmed = hub.registry, {}
        losing = hub.losing(registry, {**found, **confirmed})
        if losing <= confirmed.keys():
            break
        registry, confirmed = await threads.run(read_together, losing | confirmed.keys())
    hub.adopt(registry, {**found, **confirmed})


def read_together(identities: Collection[Identity]) -> tuple[Registry, dict[Identity, Identity | None]]:
    """Return the registry and these identities as they are at one moment: what a script gives and restricts in one go
    is seen before or after, never in between. While somebody changes these all the time, they are as they were read
    last."""
    for _ in range(TRIES):
        before = Revision.current()
        registry, found = registry_cache.refresh(), recheck(identities)
        if Revision.current() == before:
            break
    return registry, found
