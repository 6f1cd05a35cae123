"""A fleet in simulated time: the breaker and the fleet guard as they are, without database, network and waiting."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from events.mcp import breaker, fleet, guard
from events.mcp.fleet import Result
from events.mcp.models import McpServer, McpServerState, MonitorLease
from tests.mcp.outcomes import DOWN, NOW, WELL

BATCH_S = 0.25
Behaviour = Callable[[int, float], bool]  # whether its check of this number, so many seconds from the start, succeeds


def steadily_down(_number: int, _seconds: float) -> bool:
    return False


def well(_number: int, _seconds: float) -> bool:
    return True


def every_other(number: int, _seconds: float) -> bool:
    return number % 2 == 0


def down_between(begin_s: float, end_s: float) -> Behaviour:
    return lambda _, seconds: not begin_s <= seconds < end_s


class SimulatedFleet:
    def __init__(self, behaviours: Sequence[Behaviour], monkeypatch: pytest.MonkeyPatch, seed: int = 0) -> None:
        self.lease = MonitorLease()
        self.flips: list[tuple[float, str]] = []  # seconds from the start, “degraded” or “up”
        self.disabled: dict[int, float] = {}  # the place of a server, and the seconds after which it was disabled
        self._behaviours = behaviours
        self._random = random.Random(seed)
        self._rows = {place: self._row(place) for place in range(len(behaviours))}
        self._checks = dict.fromkeys(self._rows, 0)
        self._due = [(NOW + self._random.uniform(0, 30), place) for place in self._rows]
        heapq.heapify(self._due)
        monkeypatch.setattr(fleet, "latest", self._latest)
        monkeypatch.setattr(MonitorLease, "save", lambda *_, **__: None)

    def run(self, until_s: float) -> None:
        while self._due and self._due[0][0] < NOW + until_s:
            batch = [heapq.heappop(self._due)]
            while self._due and self._due[0][0] < batch[0][0] + BATCH_S:
                batch.append(heapq.heappop(self._due))
            self._record([self._result(place, at) for at, place in batch])

    def next_at(self) -> float:
        """Seconds from the start until the next check."""
        return self._due[0][0] - NOW

    def restart(self, after_s: float) -> None:
        """Nothing is checked for so long; then what is overdue begins at a phase of its own."""
        resumed = min(at for at, _ in self._due) + after_s
        self._due = [(max(at, resumed + self._random.uniform(0, 30)), place) for at, place in self._due]
        heapq.heapify(self._due)

    def _row(self, place: int) -> McpServerState:
        return McpServerState(server=McpServer(pk=place, name=f"mcp_{place}", url="http://127.0.0.1:9/"))

    def _result(self, place: int, at: float) -> Result:
        succeeds = self._behaviours[place](self._checks[place], at - NOW)
        self._checks[place] += 1
        return Result(place, "http://127.0.0.1:9/", WELL if succeeds else DOWN, at)

    def _record(self, results: Sequence[Result]) -> None:
        tripped, notices = guard.judged(self.lease, self._rows, results)
        self.flips += [(results[-1].at - NOW, notice.data["new_state"]) for notice in notices]
        for result in results:
            self._step(self._rows[result.server_id], result, tripped)

    def _step(self, row: McpServerState, result: Result, tripped: str) -> None:
        may_disable = not tripped and guard.quiet_for(self.lease, [result]) >= row.server.min_down_s
        jitter = self._random.uniform(-breaker.JITTER, breaker.JITTER)
        state, _ = breaker.step(
            row.as_breaker(), result.outcome, result.at, row.server.breaker, may_disable=may_disable, jitter=jitter
        )
        row.take(state)
        row.saw(result.outcome, result.at)
        if state.status == breaker.Status.INACTIVE and row.server.status == "active":
            row.server.status, row.server.disabled_by = "inactive", "auto"
            self.disabled[result.server_id] = result.at - NOW
        assert state.next_check_at is not None
        heapq.heappush(self._due, (state.next_check_at, result.server_id))

    def _latest(self) -> dict[int, fleet.Latest]:
        return {place: _seen(row) for place, row in self._rows.items() if row.server.status == "active" and _at(row)}


def _at(row: McpServerState) -> float:
    return row.last_checked_at.timestamp() if row.last_checked_at else 0.0


def _seen(row: Any) -> fleet.Latest:
    state = row.as_breaker()
    usual = row.server.check_interval_s
    return fleet.Latest(fleet.is_down(state), _at(row), max(usual, (state.next_check_at or 0.0) - _at(row)), usual)
