"""What it costs to monitor a fleet: a share of a core, the loop's lag, writes to the database."""

from __future__ import annotations

import subprocess
import sys
from statistics import quantiles

from benchmarks.bench.processes import ROOT, Failed, bench, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation

FLEETS = ((50, 10), (200, 10), (1000, 30))  # servers, seconds between two checks of each
TAKE_S = 30.0
REGISTER = """
import sys
import django
django.setup()
from events.mcp.models import McpServer
port, count, interval = map(int, sys.argv[1:])
McpServer.objects.bulk_create(
    McpServer(
        name=f"server_{n}",
        url=f"http://127.0.0.1:{port}/{'legacy' if n % 2 else 'modern'}{n}",
        check_interval_s=interval,
        timeout_s=min(interval, 10),
    )
    for n in range(count)
)
"""


def main() -> None:
    rows = [measured(servers, interval) for servers, interval in FLEETS]
    show(
        "A monitor and its fleet (healthy servers, half of each era of the protocol, all on one stub of this machine)",
        ["servers", "each every, s", "checks/s", "CPU of a core, %", "CPU/check, ms", "loop lag p99, ms", "max, ms",
         "transactions/s", "writes/s"],
        rows,
        ["A write is an INSERT or UPDATE, of up to 100 rows. With up to 50 servers each check is an event."],
    )  # fmt: skip


def measured(servers: int, interval: int) -> list[object]:
    port = free_port()
    with fresh_installation() as installation:
        environment = {**installation.environment, "MCP_ALLOWED_NETWORKS": "127.0.0.0/8"}
        register(installation, port, servers, interval)
        stub = running("the stub", "-m", "benchmarks.servers.fleet_stub", str(port), environment=environment)
        watcher = running("the monitor", "-m", "benchmarks.servers.fleet_monitor", environment=environment, server=True)
        with stub, watcher as monitor:
            first = 0
            while first < servers:  # until all have been checked once, which costs more
                first += monitor.ask({"seconds": interval + 5}, interval + 30)["checks"]
            seen = monitor.ask({"seconds": TAKE_S}, TAKE_S + 30)
    if seen.get("failed"):
        raise Failed(f"{seen['failed']} checks of a healthy fleet failed")
    checks, seconds = seen["checks"], seen["seconds"]
    lag = quantiles(seen["lags"], n=100)[98]
    return [
        servers, interval, checks / seconds, seen["cpu"] * 100, seen["cpu"] * seconds * 1000 / checks, lag,
        max(seen["lags"]), seen["transactions"] / seconds, seen["writes"] / seconds,
    ]  # fmt: skip


def register(installation: Installation, port: int, servers: int, interval: int) -> None:
    command = [sys.executable, "-c", REGISTER, str(port), str(servers), str(interval)]
    subprocess.run(command, cwd=ROOT, env=installation.environment, check=True, timeout=60)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
