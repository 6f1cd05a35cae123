"""CPU that the web process spends on each delivery, and how long an event takes: this product and the usual way.

Both servers run side by side, on one core; load client, broadcaster, Valkey and this process have the others. Sets of
events alternate between them. Every delivery is counted and checked.
"""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.installation import Installation, fresh_installation
from benchmarks.processes import APART, allow_open_files, bench
from benchmarks.sides import COLUMNS, Rate, idle_note, serving
from benchmarks.tables import machine, say, show

TAKES = 2  # of each set, so that a busy machine shows


class Rates(NamedTuple):
    """What the usual way can still carry on one core, and for ours ten times that as well, one by one and in bursts."""

    sockets: int
    both: Rate
    ours: Rate
    bursts: Rate


PLAN = [Rates(500, Rate(5), Rate(50), Rate(50, 10)), Rates(2000, Rate(1), Rate(10), Rate(10, 10))]


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


def main() -> None:
    allow_open_files(4 * max(plan.sockets for plan in PLAN))
    rows, notes = [], []
    with fresh_installation() as installation:
        for plan in PLAN:
            more_rows, more_notes = measure(installation, plan)
            rows += more_rows
            notes += more_notes
    title = "Fan-out: CPU of the web process, latency to the last byte at the last socket"
    show(title, COLUMNS, rows, [*notes, *NOTES])


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
