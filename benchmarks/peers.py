"""CPU of a delivery, side by side in one run: eventhub, Nchan (nginx, in C), and the usual way of Channels.

python -m benchmarks.peers [SOCKETS ...]

Each in its natural configuration: what each does not do is said below the table. All servers share one core, load
client, broadcasters, Valkey and this process have the others; sets of events alternate between the servers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.installation import Installation, fresh_installation
from benchmarks.processes import APART, allow_open_files, bench
from benchmarks.sides import COLUMNS, LABELS, Rate, Side, idle_note, serving
from benchmarks.tables import machine, say, show

TAKES = 3
GOAL_OF_BURSTS = 0.4
GOAL_AGAINST_PLAIN = 30


class Rates(NamedTuple):
    ours: Rate  # and Nchan's
    bursts: Rate
    plain: Rate  # what that can carry
    goal: float  # times what Nchan needs


PLAN = {
    500: Rates(Rate(100), Rate(100, 10), Rate(5), 1.3),
    2000: Rates(Rate(50), Rate(50, 10), Rate(1), 1.1),
    5000: Rates(Rate(20), Rate(20, 10), Rate(0.5), 1.0),
}


def measure(installation: Installation, count: int) -> tuple[list[list[object]], list[str]]:
    rates = PLAN[count]
    with ExitStack() as stack:
        plain, nchan, ours = (
            stack.enter_context(serving(installation, name, count)) for name in ("plain", "nchan", "eventhub")
        )
        notes = [idle_note(plain, nchan, ours)]
        turns = [(plain, rates.plain), *((side, rate) for rate in rates[:2] for side in (nchan, ours))]
        for _ in range(TAKES):
            for side, rate in turns:
                side.measure(rate)
        for side in (plain, nchan, ours):
            side.check_nothing_more_came()
    notes.append(verdict(count, plain, nchan, ours))
    return [side.row(rate) for side, rate in turns], notes


def verdict(count: int, plain: Side, nchan: Side, ours: Side) -> str:
    one, bursts, slow, goal = PLAN[count]
    against_nchan = {rate: ours.cpu(rate) / nchan.cpu(rate) for rate in (one, bursts)}
    against_plain = plain.cpu(slow) / ours.cpu(one)
    return (
        f"{count:,} sockets, best takes: {against_nchan[one]:.2f} × Nchan (goal {goal:g}), in bursts "
        f"{against_nchan[bursts]:.2f} × (goal {GOAL_OF_BURSTS:g}); {against_plain:.1f} times less than the "
        f"{LABELS['plain']} (goal {GOAL_AGAINST_PLAIN}), which cannot carry that rate."
    )


def main(counts: Sequence[int] = tuple(PLAN)) -> None:
    allow_open_files(4 * max(counts))
    rows, notes = [], []
    with fresh_installation() as installation:
        for count in counts:
            more_rows, more_notes = measure(installation, count)
            rows += more_rows
            notes += more_notes
    show("Peers: CPU of the web process per delivery, events of 207 bytes to all sockets", COLUMNS, rows, notes + NOTES)


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    "eventhub: token checked, log in SQLite (synchronous=FULL), a filter per socket, bounded outbox, resume.",
    "Nchan: no credentials, no filter, no log: it keeps the last 1,000 messages in memory; HTTP in, WebSocket out.",
    "plain Channels consumer: no credentials, no log, no bound for slow readers; the same uvicorn settings.",
]
if not APART:
    NOTES.append("One core: servers and load shared it.")

if __name__ == "__main__":
    with bench():
        say(machine())
        main([int(each) for each in sys.argv[1:]] or tuple(PLAN))
