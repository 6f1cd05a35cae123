"""CPU that the web process spends on each delivery, and how long an event takes: eventhub, by WebSockets and by event
streams, the usual way of Channels and, with `--nchan`, Nchan (nginx, in C), side by side in one run.

python -m benchmarks.fanout [--nchan] [SOCKETS ...]

Each in its natural configuration: what each does not do is said below the table. All servers share one core; load
clients, broadcasters, Valkey and this process have the others. Sets of events alternate between the servers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.bench.processes import APART, allow_open_files, bench
from benchmarks.bench.sides import COLUMNS, LABELS, Rate, Side, idle_note, serving
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation

TAKES = 3  # of each set, so that a busy machine shows
FEW = (500, 2000)  # sockets, without Nchan
WITH_NCHAN = "--nchan"
GOAL_AGAINST_PLAIN = 30  # times less
GOAL_OF_BURSTS = 0.4  # times what Nchan needs
GOAL_OF_STREAMS = 1.3  # times what a WebSocket needs


class Rates(NamedTuple):
    slow: Rate  # what the usual way can carry
    fast: Rate
    bursts: Rate
    goal: float  # times what Nchan needs


PLAN = {
    500: Rates(Rate(5), Rate(100), Rate(100, 10), 1.3),
    2000: Rates(Rate(1), Rate(50), Rate(50, 10), 1.1),
    5000: Rates(Rate(0.5), Rate(20), Rate(20, 10), 1.0),
}


def measure(
    installation: Installation, of_streams: Installation, count: int, *, with_nchan: bool
) -> tuple[list[list[object]], list[str]]:
    """Measure each; the streams have a log of their own, so that no side gets the events of another."""
    slow, fast, bursts, _ = PLAN[count]
    with ExitStack() as stack:
        plain, ours = (stack.enter_context(serving(installation, name, count)) for name in ("plain", "eventhub"))
        streams = stack.enter_context(serving(of_streams, "streams", count))
        turns = [(plain, slow), (ours, slow), (ours, fast), (streams, fast), (ours, bursts), (streams, bursts)]
        sides = [plain, ours, streams]
        if with_nchan:
            nchan = stack.enter_context(serving(installation, "nchan", count))
            turns += [(nchan, fast), (nchan, bursts)]
            sides.append(nchan)
        for side in sides:
            side.warm_up()
        notes = [idle_note(*sides)]
        for _ in range(TAKES):
            for side, rate in turns:
                side.measure(rate)
        for side in sides:
            side.check_nothing_more_came()
    notes += [against_plain(count, plain, ours), against_sockets(count, ours, streams)]
    if with_nchan:
        notes.append(against_nchan(count, nchan, ours))
    return [side.row(rate) for side, rate in turns], notes


def against_plain(count: int, plain: Side, ours: Side) -> str:
    slow, fast, bursts, _ = PLAN[count]
    same, more, joined = (plain.cpu(slow) / ours.cpu(rate) for rate in (slow, fast, bursts))
    return (
        f"{count:,} sockets, best takes: a delivery costs eventhub {same:.1f} times less than the {LABELS['plain']} at "
        f"the same rate, {more:.1f} times less at {fast}/s (goal {GOAL_AGAINST_PLAIN}), {joined:.1f} times in bursts."
    )


def against_sockets(count: int, ours: Side, streams: Side) -> str:
    _, fast, bursts, _ = PLAN[count]
    one, joined = (streams.cpu(rate) / ours.cpu(rate) for rate in (fast, bursts))
    return (
        f"{count:,} event streams, best takes: {one:.2f} × the WebSockets (goal {GOAL_OF_STREAMS:g}), "
        f"in bursts {joined:.2f} ×."
    )


def against_nchan(count: int, nchan: Side, ours: Side) -> str:
    _, fast, bursts, goal = PLAN[count]
    one, joined = (ours.cpu(rate) / nchan.cpu(rate) for rate in (fast, bursts))
    return (
        f"{count:,} sockets, best takes: {one:.2f} × Nchan (goal {goal:g}), in bursts {joined:.2f} × "
        f"(goal {GOAL_OF_BURSTS:g})."
    )


def main(counts: Sequence[int] = FEW, *, with_nchan: bool = False) -> None:
    allow_open_files(4 * max(counts))
    rows, notes = [], []
    with fresh_installation() as installation, fresh_installation() as of_streams:
        for count in counts:
            more_rows, more_notes = measure(installation, of_streams, count, with_nchan=with_nchan)
            rows += more_rows
            notes += more_notes
    title = "Fan-out: CPU of the web process, latency to the last byte at the last socket"
    show(title, COLUMNS, rows, [*notes, *NOTES, *([NCHAN] if with_nchan else [])])


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    "eventhub: token checked, log in SQLite (synchronous=FULL), a filter per socket, bounded outbox, resume.",
    "plain Channels consumer: no credentials, no log, no bound for slow readers; the same uvicorn settings.",
]
NCHAN = "Nchan: no credentials, no filter, no log; the last 1,000 messages in memory. HTTP in, WebSocket out."
if not APART:
    NOTES.append("One core: servers and load shared it.")

if __name__ == "__main__":
    with bench():
        say(machine())
        given = [int(each) for each in sys.argv[1:] if each != WITH_NCHAN]
        with_nchan = WITH_NCHAN in sys.argv
        main(given or tuple(PLAN if with_nchan else FEW), with_nchan=with_nchan)
