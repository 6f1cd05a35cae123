"""CPU that the web process spends on each delivery, and how long an event takes: eventhub, by WebSockets and by event
streams, the usual way of Channels and, with `--peers`, Nchan (nginx, in C) and Centrifugo (in Go), side by side in one
run.

python -m benchmarks.fanout [--peers] [--slower TIMES] [SOCKETS ...]

A peer that is not installed is left out. Each in its natural configuration: what each does not do is said below the
table. All servers share one core; load clients, broadcasters, Valkey and this process have the others. Sets of events
alternate between the servers.

On a busy machine events wait, and those that wait are written together, which looks cheap: with `--slower 4` there are
a quarter of the events a second, save at the slowest rate.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.bench.processes import APART, allow_open_files, bench, progress
from benchmarks.bench.sides import COLUMNS, LABELS, PEERS, Rate, Side, idle_note, serving
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation
from benchmarks.servers.peer import Missing

TAKES = 3  # of each set, so that a busy machine shows
FEW = (500, 2000)  # sockets, without peers
GOAL_AGAINST_PLAIN = 30  # times less
GOAL_OF_BURSTS = 0.4  # times what Nchan needs
GOALS_OF_CALLS = {"nchan": 0.6, "centrifugo": 1.0}  # times what the peer needs
GOAL_OF_STREAMS = 1.3  # times what a WebSocket needs


class Rates(NamedTuple):
    slow: Rate  # what the usual way can carry
    fast: Rate
    bursts: Rate
    goal: float  # times what Nchan needs

    @property
    def calls(self) -> Rate:
        return self.bursts._replace(calls=True)

    def slower(self, times: float) -> Rates:
        fast, bursts = (rate._replace(events=rate.events / times) for rate in (self.fast, self.bursts))
        return self._replace(fast=fast, bursts=bursts)


PLAN = {
    500: Rates(Rate(5), Rate(100), Rate(100, 10), 1.3),
    2000: Rates(Rate(1), Rate(50), Rate(50, 10), 1.1),
    5000: Rates(Rate(0.5), Rate(20), Rate(20, 10), 1.0),
}


def measure(
    installation: Installation, of_streams: Installation, count: int, rates: Rates, peers: Sequence[str]
) -> tuple[list[list[object]], list[str]]:
    """Measure each; the streams have a log of their own, so that no side gets the events of another."""
    slow, fast, bursts, _ = rates
    with ExitStack() as stack:
        plain, ours = (stack.enter_context(serving(installation, name, count)) for name in ("plain", "eventhub"))
        streams = stack.enter_context(serving(of_streams, "streams", count))
        others = {name: stack.enter_context(serving(installation, name, count)) for name in peers}
        turns = [(plain, slow), (ours, slow), (ours, fast), (streams, fast), (ours, bursts), (streams, bursts)]
        turns += [(other, rate) for other in others.values() for rate in (fast, bursts, rates.calls)]
        if peers:
            turns.append((ours, rates.calls))
        sides = [plain, ours, streams, *others.values()]
        for side in sides:
            side.warm_up()
        notes = [idle_note(*sides)]
        for _ in range(TAKES):
            for side, rate in turns:
                side.measure(rate)
        for side in sides:
            side.check_nothing_more_came()
    notes += [against_plain(count, rates, plain, ours), against_sockets(count, rates, ours, streams)]
    notes += against_peers(count, rates, others, ours)
    return [side.row(rate) for side, rate in turns], notes


def against_plain(count: int, rates: Rates, plain: Side, ours: Side) -> str:
    slow, fast, bursts, _ = rates
    same, more, joined = (plain.cpu(slow) / ours.cpu(rate) for rate in (slow, fast, bursts))
    return (
        f"{count:,} sockets, best takes: a delivery costs eventhub {same:.1f} times less than the {LABELS['plain']} at "
        f"the same rate, {more:.1f} times less at {fast}/s (goal {GOAL_AGAINST_PLAIN}), {joined:.1f} times in bursts."
    )


def against_sockets(count: int, rates: Rates, ours: Side, streams: Side) -> str:
    _, fast, bursts, _ = rates
    one, joined = (streams.cpu(rate) / ours.cpu(rate) for rate in (fast, bursts))
    return (
        f"{count:,} event streams, best takes: {one:.2f} × the WebSockets (goal {GOAL_OF_STREAMS:g}), "
        f"in bursts {joined:.2f} ×."
    )


def against_peers(count: int, rates: Rates, others: Mapping[str, Side], ours: Side) -> list[str]:
    _, fast, bursts, goal = rates
    goals = {"nchan": (f" (goal {goal:g})", f" (goal {GOAL_OF_BURSTS:g})")}
    notes = []
    for name, other in others.items():
        one, joined, called = (ours.cpu(rate) / other.cpu(rate) for rate in (fast, bursts, rates.calls))
        goal_of_one, goal_of_bursts = goals.get(name, ("", ""))
        notes.append(
            f"{count:,} sockets, best takes: {one:.2f} × {LABELS[name]}{goal_of_one}, in bursts {joined:.2f} ×"
            f"{goal_of_bursts}, in calls right after each other {called:.2f} × (goal {GOALS_OF_CALLS[name]:g})."
        )
    return notes


def installed_peers() -> tuple[list[str], list[str]]:
    """Return the peers that can be measured, and a sentence for each other."""
    found, left_out = [], []
    for name, look_for in PEERS.items():
        try:
            look_for()
            found.append(name)
        except Missing as missing:
            left_out.append(str(missing))
    return found, left_out


def main(counts: Sequence[int] = FEW, *, with_peers: bool = False, slower: float = 1) -> None:
    peers, left_out = installed_peers() if with_peers else ([], [])
    for sentence in left_out:
        progress(sentence)
    allow_open_files(4 * max(counts))
    rows, notes = [], []
    with fresh_installation() as installation, fresh_installation() as of_streams:
        for count in counts:
            more_rows, more_notes = measure(installation, of_streams, count, PLAN[count].slower(slower), peers)
            rows += more_rows
            notes += more_notes
    title = "Fan-out: CPU of the web process, latency to the last byte at the last socket"
    show(title, COLUMNS, rows, [*notes, *NOTES, *(OF_PEERS[name] for name in peers), *left_out])


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    "eventhub: token checked, log in SQLite (synchronous=FULL), a filter per socket, bounded outbox, resume.",
    "plain Channels consumer: no credentials, no log, no bound for slow readers; the same uvicorn settings.",
]
OF_PEERS = {
    "nchan": "Nchan: no credentials, no filter, no log; the last 1,000 messages in memory. HTTP in, WebSocket out.",
    "centrifugo": "Centrifugo: no credentials, no filter, no log; the last 1,000 messages in memory. HTTP in, "
    "WebSocket out, JSON, in which each event is wrapped.",
}
if not APART:
    NOTES.append("One core: servers and load shared it.")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout")
    parser.add_argument("sockets", nargs="*", type=int, help="500, 2000 and 5000, or some of these")
    parser.add_argument("--peers", action="store_true", help="measure Nchan and Centrifugo too, where installed")
    parser.add_argument("--slower", type=float, default=1, metavar="TIMES", help="divide the higher rates")
    given = parser.parse_args()
    for count in set(given.sockets) - PLAN.keys():
        parser.error(f"there are no rates for {count} sockets, only for {', '.join(map(str, PLAN))}")
    with bench():
        say(machine())
        counts = given.sockets or (tuple(PLAN) if given.peers else FEW)
        main(counts, with_peers=given.peers, slower=given.slower)
