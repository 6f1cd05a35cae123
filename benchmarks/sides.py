"""A server with its sockets and its broadcaster: what a benchmark of deliveries sets side by side with others.

Every delivery is counted and checked; see `benchmarks.feed`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.installation import Installation
from benchmarks.processes import Child, free_port, running

SET_S = 6.0
IDLE_S = 4.0
SETTLE_S = 1.0  # after connecting, and before an event that came twice would be missed
WAIT_S = 60.0  # for the last delivery of a set

LABELS = {"eventhub": "eventhub", "plain": "plain Channels consumer", "nchan": "Nchan"}
COLUMNS = ["sockets", "server", "events/s", "deliveries", "µs CPU/delivery, takes", "p50 ms", "p99 ms"]


class Rate(NamedTuple):
    events: float  # a second
    burst: int = 1  # events of one call

    def __str__(self) -> str:
        return f"{self.events:g}" if self.burst == 1 else f"{self.events:g} in bursts of {self.burst}"


class Take(NamedTuple):
    cpu: float  # µs a delivery
    latencies: list[float]  # ms from the call to the last byte at the last socket

    def percentile(self, percent: int) -> float:
        return percentile(self.latencies, percent)


def percentile(latencies: list[float], percent: int) -> float:
    return sorted(latencies)[round(percent / 100 * (len(latencies) - 1))]


@dataclass
class Side:
    name: str
    server: Child
    sockets: Child
    broadcaster: Child
    count: int
    mixed: int = 1  # the broadcaster's numbers for each event of the sockets; see `benchmarks.mix`
    sent: int = 0
    takes: dict[Rate, list[Take]] = field(default_factory=dict)

    def measure(self, rate: Rate) -> None:
        self.takes.setdefault(rate, []).append(self.take(rate, SET_S))

    def take(self, rate: Rate, seconds: float) -> Take:
        """Broadcast for so long, until every socket has every event."""
        events, mixed = max(rate.burst, round(rate.events * seconds)), self.mixed
        self.sockets.ask({"expect": events}, WAIT_S)
        before = self.server.cpu_seconds()
        question = {"first": self.sent * mixed, "count": events * mixed, "rate": rate.events * mixed}
        calls = self.broadcaster.ask({**question, "burst": rate.burst}, seconds + WAIT_S)[::mixed]
        self.sent += events
        arrivals = self.sockets.ask({"wait": WAIT_S}, WAIT_S + SETTLE_S)[-events:]
        cpu = (self.server.cpu_seconds() - before) / (events * self.count) * 1e6
        return Take(cpu, [(arrival - call) * 1e3 for call, arrival in zip(calls, arrivals, strict=True)])

    def check_nothing_more_came(self) -> None:
        time.sleep(SETTLE_S)
        self.sockets.ask({"expect": 0}, WAIT_S)

    def cpu(self, rate: Rate) -> float:
        """The cheapest take: what disturbs only adds."""
        return min(take.cpu for take in self.takes[rate])

    def row(self, rate: Rate) -> list[object]:
        """What COLUMNS names."""
        takes = self.takes[rate]
        latencies = [latency for take in takes for latency in take.latencies]
        p50, p99 = percentile(latencies, 50), percentile(latencies, 99)
        cpu = " / ".join(f"{take.cpu:.1f}" for take in takes)
        return [self.count, LABELS[self.name], str(rate), len(latencies) * self.count, cpu, p50, p99]


@contextmanager
def serving(installation: Installation, name: str, count: int, workers: int = 1) -> Iterator[Side]:
    """A fresh server of one kind with so many subscribed sockets."""
    port, environment = free_port(), installation.environment
    command = {
        "eventhub": ["manage.py", "serve", "--port", str(port), "--workers", str(workers)],
        "plain": ["-m", "benchmarks.plain_consumer", str(port)],
        "nchan": ["-m", "benchmarks.nchan", str(port)],
    }[name]
    url = f"ws://127.0.0.1:{port}/ws/events?token={installation.token}"
    load = ["-m", "benchmarks.sockets", url, str(count), *(["--listen-only"] if name == "nchan" else [])]
    broadcast = ["-m", "benchmarks.broadcaster", name, str(port)]
    with (
        running(f"the {name} server", *command, environment=environment, server=True) as server,
        running(f"the sockets of {name}", *load, environment=environment) as sockets,
        running(f"the broadcaster of {name}", *broadcast, environment=environment) as broadcaster,
    ):
        yield Side(name, server, sockets, broadcaster, count)


def idle_note(*sides: Side) -> str:
    """What sockets cost by themselves: pings, and the looks of the dispatcher. The figures per delivery include it."""
    time.sleep(SETTLE_S)
    before = [side.server.cpu_seconds() for side in sides]
    time.sleep(IDLE_S)
    idle = [(side.server.cpu_seconds() - start) / IDLE_S * 1e3 for side, start in zip(sides, before, strict=True)]
    costs = ", ".join(f"{LABELS[side.name]} {cost:.0f} ms" for side, cost in zip(sides, idle, strict=True))
    return f"{sides[0].count:,} sockets without events, CPU a second: {costs}."
