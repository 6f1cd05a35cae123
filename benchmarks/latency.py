"""From the call that broadcasts to the last byte at the last socket: with doorbells, and when all of them are lost.

python -m benchmarks.latency [SOCKETS]
"""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.bench.processes import allow_open_files, bench, running
from benchmarks.bench.sides import Rate, Side, Take, serving
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import fresh_installation

SOCKETS = 1000
RATE = Rate(100)
TAKES = 3
GOALS = {"with doorbells": "p50 10, p99 40", "doorbells lost": "all 1,200"}  # ms


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
    show(
        f"Latency, {RATE} events/s",
        ["", "sockets", "events", "p50 ms", "p90 ms", "p99 ms", "longest ms", "goal"],
        rows,
        ["From before the call, in another process, its write to the disk included, to the last socket's last byte."],
    )


def takes(side: Side) -> list[Take]:
    return [side.measure(RATE) for _ in range(TAKES)]


def row(name: str, count: int, take: Take) -> list[object]:
    latencies = sorted(take.latencies)
    shares = [latencies[round(share * (len(latencies) - 1))] for share in (0.5, 0.9, 0.99, 1)]
    return [name, count, len(latencies), *shares, GOALS[name]]


if __name__ == "__main__":
    with bench():
        say(machine())
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SOCKETS)
