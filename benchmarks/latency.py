"""From the call that broadcasts to the last byte at the last socket: with doorbells, and when all of them are lost.

python -m benchmarks.latency [SOCKETS]
python -m benchmarks.latency --postgres [SOCKETS]

The second is not part of `make bench`: on PostgreSQL there come so many events that a sequencer places them.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.bench.processes import allow_open_files, bench, running
from benchmarks.bench.sides import Rate, Side, Take, serving
from benchmarks.bench.tables import machine, say, show
from benchmarks.broadcast import postgres
from benchmarks.servers.installation import fresh_installation

SOCKETS = 1000
RATE = Rate(100)
TAKES = 3
GOALS = {"with doorbells": "p50 10, p99 40", "doorbells lost": "all 1,200", "on PostgreSQL": "p99 25"}  # ms
COLUMNS = ["", "sockets", "events", "p50 ms", "p90 ms", "p99 ms", "longest ms", "goal"]
NOTE = "From before the call, in another process, its write to the disk included, to the last socket's last byte."

SOCKETS_ON_POSTGRES = 20  # the way to a socket is measured here, not how many there are
RATE_ON_POSTGRES = Rate(500)


def main(count: int = SOCKETS) -> None:
    allow_open_files(4 * count)
    with fresh_installation() as installation, serving(installation, "eventhub", count) as side:
        silent = {**installation.environment, "EVENTHUB_DOORBELLS": "False"}
        side.warm_up()
        rows = [row("with doorbells", count, take) for take in takes(side)]
        command = ["-m", "benchmarks.servers.broadcaster", "eventhub"]
        with running("a broadcaster that rings no doorbell", *command, environment=silent) as broadcaster:
            unrung = replace(side, broadcaster=broadcaster)
            unrung.warm_up()
            rows += [row("doorbells lost", count, take) for take in takes(unrung)]
            unrung.check_nothing_more_came()
    show(f"Latency, {RATE} events/s", COLUMNS, rows, [NOTE])


def on_postgres(count: int = SOCKETS_ON_POSTGRES) -> None:
    allow_open_files(4 * count)
    with (
        postgres() as url,
        fresh_installation(url) as installation,
        serving(installation, "eventhub", count) as side,
    ):
        side.warm_up()
        side.measure(RATE_ON_POSTGRES)  # meanwhile a sequencer begins
        measured = takes(side, RATE_ON_POSTGRES)
    rows = [row("on PostgreSQL", count, take) for take in measured]
    reached = " / ".join(f"{take.reached:.0f}" for take in measured)
    show(
        f"Latency, {RATE_ON_POSTGRES} events/s", COLUMNS, rows, [NOTE, f"Events a second that were reached: {reached}."]
    )


def takes(side: Side, rate: Rate = RATE) -> list[Take]:
    return [side.measure(rate) for _ in range(TAKES)]


def row(name: str, count: int, take: Take) -> list[object]:
    latencies = sorted(take.latencies)
    shares = [latencies[round(share * (len(latencies) - 1))] for share in (0.5, 0.9, 0.99, 1)]
    return [name, count, len(latencies), *shares, GOALS[name]]


if __name__ == "__main__":
    with bench():
        say(machine())
        sockets = [int(each) for each in sys.argv[1:] if each != "--postgres"]
        (on_postgres if "--postgres" in sys.argv else main)(*sockets)
