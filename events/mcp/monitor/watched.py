"""The servers as a leading monitor has them in mind, and when each is checked next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from events.mcp import breaker
from events.mcp.models import McpServer, McpServerState, Origins, bound_origins
from events.mcp.monitor.schedule import Schedule, phase
from events.mcp.probe import RATE_LIMITED
from events.mcp.record import Recorded
from events.models import Revision
from events.models.revision import RegistryVersion
from events.outbound.origin import origin_of

Clock = Callable[[], float]


def load() -> tuple[RegistryVersion, list[McpServer], Origins]:
    """Return a revision that these are not older than, all servers with their states, and where their secrets may be
    sent."""
    revision = revision_now()
    missing = McpServer.objects.filter(state=None)
    if missing.exists():  # made by bulk_create
        McpServerState.objects.bulk_create([McpServerState(server=each) for each in missing], ignore_conflicts=True)
    return revision, list(McpServer.objects.select_related("state")), bound_origins()


def until(server: McpServer, state: breaker.State) -> float:
    """Return seconds until its next check, whatever has become of the clock that set its time."""
    left_alone = server.state.last_error_class == RATE_LIMITED
    return breaker.wait(state, server.breaker, time.time(), left_alone=left_alone)


def revision_now() -> RegistryVersion:
    return Revision.current().registry_version


@dataclass
class Watched:
    server: McpServer
    state: breaker.State
    in_flight: bool = False

    @property
    def host(self) -> str:
        return origin_of(self.server.url)[1]


class WatchedFleet:
    """`clock` is monotonic: a wall clock that is set does not stop the checks."""

    def __init__(self, clock: Clock) -> None:
        self.watched: dict[int, Watched] = {}
        self.schedule = Schedule()
        self._clock = clock
        self._loaded = False

    def load(self, servers: Iterable[McpServer]) -> None:
        """Take the servers as they are in the database. Those of the first load that are due begin at their phase."""
        first, self._loaded = not self._loaded, True
        loaded = {server.pk: server for server in servers}
        for gone in self.watched.keys() - loaded.keys():
            del self.watched[gone]
            self.schedule.drop(gone)
        for server in loaded.values():
            self._watch(server, server.state.as_breaker(), first=first)

    def _watch(self, server: McpServer, state: breaker.State, *, first: bool) -> None:
        watched = self.watched.get(server.pk)
        if watched is None:
            watched = self.watched[server.pk] = Watched(server, state)
        elif watched.state == state and watched.server.check_interval_s == server.check_interval_s:
            watched.server = server
            return
        watched.server, watched.state = server, state
        self.schedule.drop(server.pk)
        if not watched.in_flight and state.disabled_by != breaker.DisabledBy.ADMIN:
            wait = until(server, state)
            if first and not wait:
                wait = phase(server.name) * server.check_interval_s
            self.schedule.put(server.pk, self._clock() + wait)

    def take_due(self) -> list[Watched]:
        """Return the servers to check now. Each is in flight until `recorded` or `missed` is called for it."""
        due = [self.watched[server_id] for server_id in self.schedule.take_due(self._clock())]
        for each in due:
            each.in_flight = True
        return due

    def until_next(self) -> float | None:
        due = self.schedule.next()
        return None if due is None else max(0.0, due - self._clock())

    def recorded(self, done: Recorded) -> None:
        if watched := self.watched.get(done.server.pk):
            watched.server = done.server
        self._landed(done.server.pk, done.state)

    def missed(self, server_id: int) -> None:
        """Note that a check came to nothing: the next one comes after the usual interval."""
        watched = self.watched.get(server_id)
        if watched is not None and watched.in_flight:
            following = time.time() + watched.server.check_interval_s
            self._landed(server_id, replace(watched.state, next_check_at=following))

    def _landed(self, server_id: int, state: breaker.State) -> None:
        watched = self.watched.get(server_id)
        if watched is None:
            return
        watched.in_flight, watched.state = False, state
        if state.disabled_by != breaker.DisabledBy.ADMIN:
            self.schedule.put(server_id, self._clock() + until(watched.server, state))
