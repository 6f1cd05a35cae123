"""CPU that the web process spends on each delivery, and how long an event takes: this product and the usual way.

Both servers run side by side, on one core; load client, broadcaster, Valkey and this process have the others. Sets of
events alternate between them. Every delivery is counted and checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.installation import Installation, fresh_installation
from benchmarks.processes import APART, Child, allow_open_files, bench, free_port, running
from benchmarks.tables import machine, say, show

TAKES = 2  # of each set, so that a busy machine shows
SET_S = 6.0
IDLE_S = 4.0
SETTLE_S = 1.0  # after connecting, and before an event that came twice would be missed
WAIT_S = 60.0  # for the last delivery of a set


LABELS = {"eventhub": "eventhub", "plain": "plain Channels consumer"}


class Rate(NamedTuple):
    events: float  # a second
    burst: int = 1  # events of one call

    def __str__(self) -> str:
        return f"{self.events:g}" if self.burst == 1 else f"{self.events:g} in bursts of {self.burst}"


class Rates(NamedTuple):
    """What the usual way can still carry on one core, and for ours ten times that as well, one by one and in bursts."""

    sockets: int
    both: Rate
    ours: Rate
    bursts: Rate


PLAN = [Rates(500, Rate(5), Rate(50), Rate(50, 10)), Rates(2000, Rate(1), Rate(10), Rate(10, 10))]


class Take(NamedTuple):
    cpu: float  # µs a delivery
    latencies: list[float]  # ms from the call to the last byte at the last socket


@dataclass
class Side:
    """A server with its sockets and its broadcaster."""

    name: str
    server: Child
    sockets: Child
    broadcaster: Child
    count: int
    sent: int = 0
    takes: dict[Rate, list[Take]] = field(default_factory=dict)

    def measure(self, rate: Rate) -> None:
        events = round(rate.events * SET_S)
        self.sockets.ask({"expect": events}, WAIT_S)
        before = self.server.cpu_seconds()
        calls = self.broadcaster.ask(
            {"first": self.sent, "count": events, "rate": rate.events, "burst": rate.burst}, SET_S + WAIT_S
        )
        self.sent += events
        arrivals = self.sockets.ask({"wait": WAIT_S}, WAIT_S + SETTLE_S)[-events:]
        cpu = (self.server.cpu_seconds() - before) / (events * self.count) * 1e6
        latencies = [(arrival - call) * 1e3 for call, arrival in zip(calls, arrivals, strict=True)]
        self.takes.setdefault(rate, []).append(Take(cpu, latencies))

    def check_nothing_more_came(self) -> None:
        time.sleep(SETTLE_S)
        self.sockets.ask({"expect": 0}, WAIT_S)

    def cpu(self, rate: Rate) -> float:
        """The cheapest take: what disturbs only adds."""
        return min(take.cpu for take in self.takes[rate])

    def row(self, rate: Rate) -> list[object]:
        takes = self.takes[rate]
        latencies = sorted(latency for take in takes for latency in take.latencies)
        p50, p99 = (latencies[round(share * (len(latencies) - 1))] for share in (0.5, 0.99))
        cpu = " / ".join(f"{take.cpu:.1f}" for take in takes)
        return [self.count, LABELS[self.name], str(rate), len(latencies) * self.count, cpu, p50, p99]


@contextmanager
def serving(installation: Installation, name: str, count: int, workers: int = 1) -> Iterator[Side]:
    """A fresh server of one kind with so many subscribed sockets."""
    port, environment = free_port(), installation.environment
    command = {
        "eventhub": ["manage.py", "serve", "--port", str(port), "--workers", str(workers)],
        "plain": ["-m", "benchmarks.plain_consumer", str(port)],
    }[name]
    url = f"ws://127.0.0.1:{port}/ws/events?token={installation.token}"
    with (
        running(f"the {name} server", *command, environment=environment, server=True) as server,
        running(
            f"the sockets of {name}", "-m", "benchmarks.sockets", url, str(count), environment=environment
        ) as sockets,
        running(
            f"the broadcaster of {name}", "-m", "benchmarks.broadcaster", name, environment=environment
        ) as broadcaster,
    ):
        yield Side(name, server, sockets, broadcaster, count)


def measure(installation: Installation, plan: Rates) -> tuple[list[list[object]], list[str]]:
    with serving(installation, "eventhub", plan.sockets) as ours, serving(installation, "plain", plan.sockets) as plain:
        notes = [idle_note(ours, plain)]
        for _ in range(TAKES):
            for side, rate in ((plain, plan.both), (ours, plan.both), (ours, plan.ours), (ours, plan.bursts)):
                side.measure(rate)
        for side in (ours, plain):
            side.check_nothing_more_came()
    rows = [plain.row(plan.both), ours.row(plan.both), ours.row(plan.ours), ours.row(plan.bursts)]
    same, more, bursts = (plain.cpu(plan.both) / ours.cpu(rate) for rate in (plan.both, plan.ours, plan.bursts))
    factor = plan.ours.events / plan.both.events
    notes.append(
        f"{plan.sockets:,} sockets: a delivery costs eventhub {same:.1f} times less at the same rate, {plan.both}/s, "
        f"{more:.1f} times less with {factor:g} times the events, {bursts:.1f} times less when they come in bursts."
    )
    return rows, notes


def idle_note(*sides: Side) -> str:
    """What sockets cost by themselves: pings, and the looks of the dispatcher. The figures per delivery include it."""
    time.sleep(SETTLE_S)
    before = [side.server.cpu_seconds() for side in sides]
    time.sleep(IDLE_S)
    idle = [(side.server.cpu_seconds() - start) / IDLE_S * 1e3 for side, start in zip(sides, before, strict=True)]
    costs = ", ".join(f"{LABELS[side.name]} {cost:.0f} ms" for side, cost in zip(sides, idle, strict=True))
    return f"{sides[0].count:,} sockets without events, CPU a second: {costs}."


def main() -> None:
    allow_open_files(4 * max(plan.sockets for plan in PLAN))
    rows, notes = [], []
    with fresh_installation() as installation:
        for plan in PLAN:
            more_rows, more_notes = measure(installation, plan)
            rows += more_rows
            notes += more_notes
    columns = ["sockets", "server", "events/s", "deliveries", "µs CPU/delivery, takes", "p50 ms", "p99 ms"]
    show(
        "Fan-out: CPU of the web process, latency to the last byte at the last socket", columns, rows, [*notes, *NOTES]
    )


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    "eventhub: token checked, log in SQLite (synchronous=FULL), matcher with a filter per socket, bounded outbox.",
    "plain Channels consumer: no credentials, no log, no bound for slow readers; the same uvicorn settings.",
]
if not APART:
    NOTES.append("One core: server and load shared it.")

if __name__ == "__main__":
    with bench():
        say(machine())
        main()
