"""How many events a second can be broadcast, by one process and by eight at once, each on disk before its call returns:
on SQLite, and on a PostgreSQL that the tests' wheel brings."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median

from benchmarks.bench.processes import APART, CORES, Child, bench, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation
from tests.database.postgres import PostgresServer

BATCHES = (1, 10, 100)
TOGETHER = 8  # processes
TAKES = 3
TAKE_S = 1.5
WAIT_S = 30.0
SYNCS = 50


def main() -> None:
    rows: list[list[object]] = []
    if APART:
        os.sched_setaffinity(0, CORES)  # there is no web process to leave a core to
    with fresh_installation() as installation:
        rows += measure("SQLite", installation)
    with postgres() as url, fresh_installation(url) as installation:
        rows += measure("PostgreSQL", installation)
    show(
        "Durable broadcasts: checked, logged, doorbell rung when the call returns",
        ["database", "processes", "events a call", "events/s, median take", "best take", "µs CPU/event"],
        rows,
        [
            f"A write of 4 KiB and fdatasync in that folder took {sync_cost():.2f} ms (median).",
            "SQLite in WAL with synchronous=FULL; PostgreSQL 18 with fsync on the same machine, on the same cores.",
            "CPU is that of the processes that broadcast.",
        ],
    )
    if APART:
        os.sched_setaffinity(0, CORES[1:])


def measure(database: str, installation: Installation) -> Iterator[list[object]]:
    writer, server = ("-m", "benchmarks.servers.log_writer"), ("manage.py", "serve", "--port", str(free_port()))
    with ExitStack() as stack:
        # On PostgreSQL it places the events of all when there are many.
        stack.enter_context(running("the server", *server, environment=installation.environment, anywhere=True))
        writers = [
            stack.enter_context(running("a writer", *writer, environment=installation.environment, anywhere=True))
            for _ in range(TOGETHER)
        ]
        for some, batch in [*((writers[:1], batch) for batch in BATCHES), (writers, 1), (writers, 100)]:
            takes = [take(some, batch) for _ in range(TAKES)]
            rates = sorted(rate for rate, _ in takes)
            yield [database, len(some), batch, round(median(rates)), round(rates[-1]), min(cpu for _, cpu in takes)]


def take(writers: Sequence[Child], batch: int) -> tuple[float, float]:
    """Events a second of all, and µs of CPU for each."""
    for writer in writers:
        writer.send({"batch": batch, "seconds": TAKE_S})
    answers = [writer.answer(WAIT_S) for writer in writers]
    rate = sum(sent / elapsed for sent, elapsed, _ in answers)
    return rate, sum(cpu for *_, cpu in answers) / sum(sent for sent, *_ in answers) * 1e6


@contextmanager
def postgres() -> Iterator[str]:
    """An empty database of a server of its own."""
    server = PostgresServer(fsync=True)
    try:
        server.start()
        server.execute("CREATE DATABASE bench")
        yield server.url("bench")
    finally:
        server.remove()


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
