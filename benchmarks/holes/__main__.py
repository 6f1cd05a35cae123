"""How often a process reads the log, of which 20 sockets ask for one of 100 event types.

python -m benchmarks.holes

What lies between two events that it asks for came with doorbells that it does not hear. Whether that concerns it, it
learns from outlines where there is much of it, and else from the log.
"""

from __future__ import annotations

import time
from typing import NamedTuple
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.bench.processes import bench, free_port, progress, running
from benchmarks.bench.sides import Rate, attended, served
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import fresh_installation

TYPES = 100
SOCKETS = 20
RATES = (Rate(1), Rate(10), Rate(10, TYPES), Rate(50, TYPES))  # of the one type
SECONDS = 10.0
WARM_S = 3.0  # in which the process notices that there are many holes
WRITTEN_S = 2.0  # after which a process has written down what it counted
MAKE_S = 60.0


class Row(NamedTuple):
    rate: Rate
    reads: float
    cpu: float  # seconds of the server


def reads_of(port: int) -> float:
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return sum(
            sample.value for family in families if family.name == "eventhub_log_reads" for sample in family.samples
        )


def measure() -> list[Row]:
    rows = []
    with (
        fresh_installation() as installation,
        running("the admin", "-m", "benchmarks.growth.inside", environment=installation.environment) as inside,
    ):
        inside.ask({"types": TYPES}, MAKE_S)
        for rate in RATES:
            progress(f"{rate} events a second of the one type")
            port = free_port()
            with (
                served(installation, "eventhub", port) as server,
                attended(installation, "eventhub", server, port, SOCKETS, f"few-{TYPES}") as side,
            ):
                side.mixed = TYPES
                side.warm_up()
                side.measure(rate, WARM_S)
                time.sleep(WRITTEN_S)
                before, used = reads_of(port), server.cpu_seconds()
                side.measure(rate, SECONDS)
                used = server.cpu_seconds() - used
                time.sleep(WRITTEN_S)
                rows.append(Row(rate, reads_of(port) - before, used))
                side.check_nothing_more_came()
    return rows


def main() -> None:
    shown = [
        [
            round(rate.events * TYPES),
            rate.burst,
            round(rate.events * SECONDS),
            f"{reads:.0f}",
            f"{reads / (rate.events * SECONDS):.2f}",
            f"{cpu / SECONDS:.1%}",
        ]
        for rate, reads, cpu in measure()
    ]
    columns = ["events/s", "of a call", "asked for", "reads of the log", "for each asked for", "CPU of a core"]
    show(f"Holes: {SOCKETS} sockets of one process ask for 1 of {TYPES} event types", columns, shown, NOTES)


NOTES = [
    "Every delivery was checked: none missing, none twice, none out of order.",
    f"In {SECONDS:g} s; the {WARM_S:g} s before, in which the process notices that there are many holes, do not count.",
]

if __name__ == "__main__":
    with bench():
        say(machine())
        main()
