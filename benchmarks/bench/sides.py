"""A server with its sockets and its broadcaster: what a benchmark of deliveries sets side by side with others.

Every delivery is counted and checked; see `benchmarks.clients.feed`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.bench.processes import Child, free_port, running
from benchmarks.servers import centrifugo, nchan
from benchmarks.servers.installation import Installation

SET_S = 6.0
IDLE_S = 4.0
SETTLE_S = 1.0  # after connecting, and before an event that came twice would be missed
WAIT_S = 60.0  # for the last delivery of a set

LABELS = {
    "eventhub": "eventhub",
    "streams": "eventhub, event streams",
    "agents": "eventhub, streams to agents",
    "plain": "plain Channels consumer",
    "nchan": "Nchan",
    "centrifugo": "Centrifugo",
}
PEERS = {"nchan": nchan.installed, "centrifugo": centrifugo.binary}  # either raises Missing
COLUMNS = ["sockets", "server", "events/s", "deliveries", "µs CPU/delivery, takes", "p50 ms", "p99 ms"]


class Rate(NamedTuple):
    events: float  # a second
    burst: int = 1  # events of one call
    calls: bool = False  # a burst is so many calls, one right after the other

    def __str__(self) -> str:
        if self.burst == 1:
            return f"{self.events:g}"
        return (
            f"{self.events:g}, {self.burst} calls at a time"
            if self.calls
            else f"{self.events:g} in bursts of {self.burst}"
        )


WARM_UP = Rate(1)


class Take(NamedTuple):
    cpu: float  # µs a delivery
    latencies: list[float]  # ms from the call to the last byte at the last socket
    calls: list[float]  # for each event, when the call was made (`time.monotonic`)

    @property
    def reached(self) -> float:
        """Events a second of which the calls were made; there must be two calls or more."""
        return (len(self.calls) - self.calls.count(self.calls[0])) / (self.calls[-1] - self.calls[0])

    def percentile(self, percent: int) -> float:
        return percentile(self.latencies, percent)


def percentile(latencies: Sequence[float], percent: int) -> float:
    return sorted(latencies)[round(percent / 100 * (len(latencies) - 1))]


def percentiles(latencies: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    return percentile(latencies, 50), percentile(latencies, 99)


@dataclass
class Side:
    name: str
    server: Child
    sockets: Child
    broadcaster: Child
    count: int
    mixed: int = 1  # the broadcaster's numbers for each event of the sockets; see `benchmarks.bench.workload`
    sent: int = 0
    takes: dict[Rate, list[Take]] = field(default_factory=dict)

    def warm_up(self) -> None:
        """One event, before which the broadcaster has neither a connection of the database nor the registry."""
        self.measure(WARM_UP, 1.0)
        del self.takes[WARM_UP]

    def measure(self, rate: Rate, seconds: float = SET_S) -> Take:
        events, mixed = max(rate.burst, round(rate.events * seconds)), self.mixed
        self.sockets.ask({"expect": events}, WAIT_S)
        before = self.server.cpu_seconds()
        question = {"first": self.sent * mixed, "count": events * mixed, "rate": rate.events * mixed}
        calls = self.broadcaster.ask({**question, "burst": rate.burst, "calls": rate.calls}, seconds + WAIT_S)[::mixed]
        self.sent += events
        arrivals = self.sockets.ask({"wait": WAIT_S}, WAIT_S + SETTLE_S)[-events:]
        cpu = (self.server.cpu_seconds() - before) / (events * self.count) * 1e6
        latencies = [(arrival - call) * 1e3 for call, arrival in zip(calls, arrivals, strict=True)]
        take = Take(cpu, latencies, calls)
        self.takes.setdefault(rate, []).append(take)
        return take

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
        p50, p99 = percentiles(latencies)
        cpu = " / ".join(f"{take.cpu:.1f}" for take in takes)
        return [self.count, LABELS[self.name], str(rate), len(latencies) * self.count, cpu, p50, p99]


@contextmanager
def serving(installation: Installation, name: str, count: int, workers: int = 1) -> Iterator[Side]:
    """A fresh server of one kind with so many subscribed sockets."""
    port = free_port()
    with (
        served(installation, name, port, workers) as server,
        attended(installation, name, server, port, count) as side,
    ):
        yield side


def served(installation: Installation, name: str, port: int, workers: int = 1) -> AbstractContextManager[Child]:
    """A fresh server of one kind."""
    ours = ["manage.py", "serve", "--port", str(port), "--workers", str(workers)]
    command = {
        "eventhub": ours,
        "streams": ours,
        "agents": ours,
        "plain": ["-m", "benchmarks.servers.plain_consumer", str(port)],
        **{peer: ["-m", f"benchmarks.servers.{peer}", str(port)] for peer in PEERS},
    }[name]
    return running(f"the {name} server", *command, environment=installation.environment, server=True)


@contextmanager
def attended(
    installation: Installation, name: str, server: Child, port: int, count: int, workload: str = "status"
) -> Iterator[Side]:
    """A server with so many subscribed sockets, and a broadcaster."""
    environment = installation.environment
    asked = "nothing" if name in PEERS else workload
    urls = {"streams": installation.stream_url, "agents": installation.agents_url}
    url = centrifugo.socket_url(port) if name == "centrifugo" else urls.get(name, installation.socket_url)(port)
    load = ["-m", "benchmarks.clients.sockets", url, str(count), asked]
    kind = "eventhub" if name in urls else name
    broadcast = ["-m", "benchmarks.servers.broadcaster", kind, str(port), workload]
    with (
        running(f"the sockets of {name}", *load, environment=environment) as sockets,
        running(f"the broadcaster of {name}", *broadcast, environment=environment) as broadcaster,
    ):
        yield Side(name, server, sockets, broadcaster, count)


def idle_cpu(*sides: Side, seconds: float = IDLE_S) -> list[float]:
    """ms of CPU a second of each server, without events: pings, and the polls of the dispatcher."""
    time.sleep(SETTLE_S)
    before = [side.server.cpu_seconds() for side in sides]
    time.sleep(seconds)
    return [(side.server.cpu_seconds() - start) / seconds * 1e3 for side, start in zip(sides, before, strict=True)]


def idle_note(*sides: Side) -> str:
    """What sockets cost by themselves; the figures per delivery include it."""
    costs = ", ".join(f"{LABELS[side.name]} {cost:.0f} ms" for side, cost in zip(sides, idle_cpu(*sides), strict=True))
    return f"{sides[0].count:,} sockets without events, CPU a second: {costs}."
