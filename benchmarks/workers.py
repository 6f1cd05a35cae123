"""What a second process costs: CPU of all web processes per delivery, one worker against two, with as many sockets.

python -m benchmarks.workers [SOCKETS]

Each take has a fresh server. Its processes share one core, so that the load has another: compare the CPU, not the time.
"""

from __future__ import annotations

import sys

from benchmarks.bench.processes import allow_open_files, bench
from benchmarks.bench.sides import Rate, Side, serving
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation

SOCKETS = 2000
TAKES = 3
RATES = (Rate(20), Rate(100, 10))
WORKERS = (1, 2)


def measure(installation: Installation, sockets: int) -> dict[int, list[Side]]:
    """By number of workers, the takes of each."""
    sides: dict[int, list[Side]] = {workers: [] for workers in WORKERS}
    for _ in range(TAKES):
        for workers in WORKERS:
            with serving(installation, "eventhub", sockets, workers) as side:
                for rate in RATES:
                    side.measure(rate)
                side.check_nothing_more_came()
            sides[workers].append(side)
    return sides


def main(sockets: int = SOCKETS) -> None:
    allow_open_files(4 * sockets)
    with fresh_installation() as installation:
        sides = measure(installation, sockets)
    rows = []
    for rate in RATES:
        best = {workers: min(side.cpu(rate) for side in takes) for workers, takes in sides.items()}
        for workers, takes in sides.items():
            cpu = " / ".join(f"{side.cpu(rate):.1f}" for side in takes)
            rows.append([sockets, str(rate), workers, cpu, f"{best[workers] / best[1]:.2f} ×"])
    columns = ["sockets in all", "events/s", "workers", "µs CPU/delivery, takes", "against one, best takes"]
    show("Workers: CPU of all web processes per delivery", columns, rows, NOTES)


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    "Each worker reads, decodes and matches every event for its own sockets; the processes of a server share a core.",
]

if __name__ == "__main__":
    with bench():
        say(machine())
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SOCKETS)
