"""Healthy sockets by themselves, with troubled clients beside them, and while these come back: in turns, on one server.

The same events come all the time: small ones for the healthy, large ones between them that only the troubled ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks.bench.processes import Child, Failed, free_port, progress, running
from benchmarks.bench.sides import Rate, Side, Take
from benchmarks.bench.workload import MIXED
from benchmarks.servers.installation import Installation
from benchmarks.servers.watched import Holds, asked, forget_peak, peak_kib

RATE = Rate(20)
ALONE_S = 20.0
TROUBLED_S = 20.0  # the slow and the stalled last nearly so long
RETURN_S = 3.0
WAVES = 2  # of slow and stalled ones, while the half-open last
CYCLES = 2
TAKES_BEFORE = 2  # of the healthy alone; one more after each cycle makes them as many as those with troubled ones
GONE_S = 40.0  # more, after which those that are still there would stay for good
ANSWER_S = 30.0

ALONE, TROUBLED, RETURN = "healthy alone", "all three kinds beside them", "these come back and resume"
SAME_AFTERWARDS = ("connections", "tasks", "groups", "slots", "subscriptions")


class Cycle(NamedTuple):
    peak_kib: int
    after: Holds


class Trial:
    def __init__(self, installation: Installation, port: int, side: Side, each: int) -> None:
        self._installation = installation
        self._address = f"127.0.0.1:{port}"
        self._side = side
        self._each = each  # troubled ones of a kind
        self.takes: dict[str, list[Take]] = {ALONE: [], TROUBLED: [], RETURN: []}
        self.gone: dict[str, list[float]] = {}  # by kind, seconds in trouble
        self.had: dict[str, int] = {}  # by kind, events that they got in the end
        self.resumed: list[float] = []  # seconds until the last one of a wave had what it had missed
        self.cycles: list[Cycle] = []

    def run(self) -> None:
        for _ in range(TAKES_BEFORE):
            self._take(ALONE, ALONE_S)
        self.before = asked(f"http://{self._address}")
        for _ in range(CYCLES):
            forget_peak(self._side.server.pid)
            self._cycle()
            peak = peak_kib(self._side.server.pid)
            self._side.check_nothing_more_came()
            self._take(ALONE, ALONE_S)
            self.cycles.append(Cycle(peak, asked(f"http://{self._address}")))
        self._side.check_nothing_more_came()
        self._check_all_are_gone(self.cycles[-1].after)

    def _cycle(self) -> None:
        with self._troubled("half-open") as silent:
            for wave in range(WAVES):
                with self._troubled("slow") as slow, self._troubled("stalled") as stalled:
                    self._take(TROUBLED, TROUBLED_S)
                    self._back([slow, stalled] if wave < WAVES - 1 else [slow, stalled, silent])

    def _back(self, crowds: list[Child]) -> None:
        for crowd in crowds:
            self.gone.setdefault(crowd.name, []).extend(crowd.ask({"gone": GONE_S}, GONE_S + ANSWER_S))
        for crowd in crowds:
            crowd.send({"return": ANSWER_S})
        self._take(RETURN, RETURN_S)
        self.resumed.append(max(crowd.answer(ANSWER_S) for crowd in crowds))
        for crowd in crowds:
            had = crowd.ask({"have": self._side.sent * MIXED, "within": ANSWER_S}, 2 * ANSWER_S)
            self.had[crowd.name] = self.had.get(crowd.name, 0) + had

    def _take(self, phase: str, seconds: float) -> None:
        take = self._side.measure(RATE, seconds)
        self.takes[phase].append(take)
        progress(f"{phase}: {take.cpu:.1f} µs, p50 {take.percentile(50):.1f} ms, p99 {take.percentile(99):.1f} ms")

    @contextmanager
    def _troubled(self, kind: str) -> Iterator[Child]:
        """So many new ones, which ask for what comes from now on."""
        url = f"ws://{self._address}/ws/events?token={self._installation.token}"
        first, each = str(self._side.sent * MIXED), str(self._each)
        command = ("-m", "benchmarks.clients.troubled_clients", url, first, kind, each)
        with running(kind, *command, environment=self._installation.environment) as crowd:
            yield crowd

    def _check_all_are_gone(self, after: Holds) -> None:
        for name in SAME_AFTERWARDS:
            was, now = getattr(self.before, name), getattr(after, name)
            if now > was:
                raise Failed(f"the server has {now:,} {name} after all, and had {was:,} before")


@contextmanager
def prepared(installation: Installation, healthy: int, each: int) -> Iterator[Trial]:
    """A fresh server with its healthy sockets."""
    port, environment = free_port(), installation.environment
    url = f"ws://127.0.0.1:{port}/ws/events?token={installation.token}"
    serve = ("-m", "benchmarks.servers.watched", "serve", "--port", str(port))
    broadcast = ("-m", "benchmarks.servers.broadcaster", "eventhub", str(port), "mixed")
    sockets = ("-m", "benchmarks.clients.sockets", url, str(healthy))
    with (
        running("the server", *serve, environment=environment, server=True) as server,
        running("the healthy", *sockets, environment=environment) as load,
        running("the broadcaster", *broadcast, environment=environment) as broadcaster,
    ):
        yield Trial(installation, port, Side("eventhub", server, load, broadcaster, healthy, mixed=MIXED), each)
