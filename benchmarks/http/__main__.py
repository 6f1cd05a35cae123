"""What calls of HTTP cost the web process, and how many a second it answers: on SQLite, and on PostgreSQL.

python -m benchmarks.http [--sqlite]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.bench.processes import ROOT, Child, bench, free_port, progress, running
from benchmarks.bench.sides import served
from benchmarks.bench.tables import machine, say, show
from benchmarks.broadcast import postgres, sync_cost
from benchmarks.http.caller import ANSWER_S, BATCH, CALLS
from benchmarks.servers.installation import Installation, fresh_installation

TAKES = 3
TAKE_S = 1.5
WARM_UP_S = 0.5
TOGETHER = 8  # connections
PREPARED_S = 60.0
# What is measured with several connections at once, too.
ALSO_TOGETHER = ("one", "history")


def main(databases: tuple[str, ...] = ("SQLite", "PostgreSQL")) -> None:
    rows: list[list[object]] = []
    with fresh_installation() as installation:
        rows += measure("SQLite", installation)
    if "PostgreSQL" in databases:
        with postgres() as url, fresh_installation(url) as installation:
            rows += measure("PostgreSQL", installation)
    show(
        "Calls of HTTP, over connections that stay open, with a token",
        ["database", "call", "connections", "calls/s, median take", "ms CPU/call, takes"],
        rows,
        [
            "CPU is that of the web process with all its threads, not that of PostgreSQL.",
            f"A list of {BATCH} events is one call.",
            f"A write of 4 KiB and fdatasync in that folder took {sync_cost():.2f} ms (median).",
        ],
    )


def measure(database: str, installation: Installation) -> Iterator[list[object]]:
    token = prepared(installation)
    port = free_port()
    caller = ("-m", "benchmarks.http.caller", str(port), token)
    with (
        served(installation, "eventhub", port) as server,
        running("the caller", *caller, environment=installation.environment) as calls,
    ):
        for call, (title, *_) in CALLS.items():
            for connections in (1, TOGETHER) if call in ALSO_TOGETHER else (1,):
                progress(f"{database}: {title}, {connections} connections")
                take(server, calls, call, connections, WARM_UP_S)
                takes = [take(server, calls, call, connections, TAKE_S) for _ in range(TAKES)]
                rates = sorted(rate for rate, _ in takes)
                costs = " / ".join(f"{cost:.2f}" for _, cost in takes)
                yield [database, title, connections, round(rates[TAKES // 2]), costs]


def take(server: Child, calls: Child, call: str, connections: int, seconds: float) -> tuple[float, float]:
    """Calls a second, and ms of the server's CPU for each."""
    before = server.cpu_seconds()
    answered, elapsed = calls.ask({"call": call, "connections": connections, "seconds": seconds}, seconds + ANSWER_S)
    return answered / elapsed, (server.cpu_seconds() - before) / answered * 1e3


def prepared(installation: Installation) -> str:
    command = [sys.executable, "-m", "benchmarks.http.prepared"]
    environment = installation.environment
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=PREPARED_S, check=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    with bench():
        say(machine())
        main(("SQLite",) if "--sqlite" in sys.argv else ("SQLite", "PostgreSQL"))
