"""What healthy clients notice while each kind of attack of tests/hostile/ is made again and again.

python -m benchmarks.attacked [SOCKETS]
"""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.bench.processes import allow_open_files, bench, free_port, running
from benchmarks.bench.sides import Rate, Side, attended, served
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import fresh_installation
from tests.hostile.attacks import ATTACKS

SOCKETS = 200
RATE = Rate(100)
# Attackers send halves of requests, and wait for what becomes of them; and they send what is logged at length.
SETTINGS = {"EVENTHUB_REQUEST_TIMEOUT": "2", "EVENTHUB_LOG_LEVEL": "ERROR"}


def main(count: int = SOCKETS) -> None:
    allow_open_files(4 * count)
    with fresh_installation() as fresh:
        installation = replace(fresh, environment={**fresh.environment, **SETTINGS})
        port = free_port()
        with (
            served(installation, "eventhub", port) as server,
            attended(installation, "eventhub", server, port, count) as side,
        ):
            side.warm_up()
            rows = [row(side, "nothing")]
            for kind in ATTACKS:
                attack = ["-m", "benchmarks.attacked.attackers", kind, str(port), installation.token]
                with running(f"the attackers ({kind})", *attack, environment=installation.environment):
                    rows.append(row(side, kind))
            side.check_nothing_more_came()
    show(
        f"{count:,} healthy clients beside attacks, {RATE} events/s",
        ["beside", "deliveries", "µs CPU/delivery", "p50 ms", "p90 ms", "p99 ms", "longest ms"],
        rows,
        [
            "CPU is all that the server spends, on the attack too, by deliveries to the healthy.",
            "Each delivery was checked: none missing, none twice, none out of order.",
            "Latency is until the last of the healthy has the last byte. The attackers share a core with the healthy.",
        ],
    )


def row(side: Side, kind: str) -> list[object]:
    take = side.measure(RATE)
    return [kind, len(take.latencies) * side.count, take.cpu, *map(take.percentile, (50, 90, 99, 100))]


if __name__ == "__main__":
    with bench():
        say(machine())
        main(*map(int, sys.argv[1:2]))
