"""How many events a second one process can broadcast, each on disk before its call returns."""

from __future__ import annotations

import os
import tempfile
import time
from statistics import median

from benchmarks.installation import fresh_installation
from benchmarks.processes import bench, running
from benchmarks.tables import machine, say, show

BATCHES = (1, 10, 100)
TAKES = 3
TAKE_S = 1.5
WAIT_S = 30.0
SYNCS = 50


def main() -> None:
    rows = []
    with fresh_installation() as installation:
        writer_command = ("-m", "benchmarks.log_writer")
        with running("the log's writer", *writer_command, environment=installation.environment) as writer:
            for batch in BATCHES:
                takes = [writer.ask({"batch": batch, "seconds": TAKE_S}, WAIT_S) for _ in range(TAKES)]
                rates = sorted(sent / elapsed for sent, elapsed, _ in takes)
                cpu = min(cpu / sent * 1e6 for sent, _, cpu in takes)
                rows.append([batch, round(median(rates)), round(rates[-1]), cpu])
    show(
        "Durable broadcasts from one process (SQLite in WAL, synchronous=FULL; checked, logged, doorbell rung)",
        ["events a call", "events/s, median take", "best take", "µs CPU/event"],
        rows,
        [f"A write of 4 KiB and fdatasync in that folder took {sync_cost():.2f} ms (median)."],
    )


def sync_cost() -> float:
    """What the disk alone asks for one commit, in ms: on a memory disk nothing, on a laptop several."""
    with tempfile.TemporaryFile() as file:
        took = []
        for _ in range(SYNCS):
            start = time.perf_counter()
            os.write(file.fileno(), bytes(4096))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - start) * 1e3)
    return median(took)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
