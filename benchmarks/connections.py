"""What a connection costs: memory of the web process for each idle one with a subscription, how fast they come, and the
server's CPU for each of their commands and subscriptions. Then a connect alone, beside servers that only shake hands.

python -m benchmarks.connections [SOCKETS ...]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from benchmarks.bench.processes import allow_open_files, bench, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation
from benchmarks.servers.watched import resident_kib

COUNTS = (500, 2000, 5000)
SETTLE_S = 1.0
ANSWER_S = 60.0
ROUNDS, PINGS = 6, 15  # within what one connection may ask at once
SUBSCRIPTIONS = 10  # more for each socket, that match nothing
ALONE = 1000  # sockets that only connect
SERVERS = {  # what serves a port, which comes last
    "eventhub": ["manage.py", "serve", "--port"],
    "Daphne, a consumer of Channels that echoes": ["-m", "benchmarks.servers.echo", "daphne"],
    "uvicorn, an ASGI application that echoes": ["-m", "benchmarks.servers.echo", "uvicorn"],
}
SAME_FOR_ALL = "All bring the same token: each look-up reads one row, however many handshakes share it."


def measure(installation: Installation, count: int) -> list[object]:
    """A few connect first, so that what only the first one makes is there."""
    port, environment = free_port(), installation.environment
    load = ["-m", "benchmarks.clients.sockets", installation.socket_url(port)]
    with (
        running(
            "the server", "manage.py", "serve", "--port", str(port), environment=environment, server=True
        ) as server,
        running("the first sockets", *load, "10", environment=environment),
    ):
        memory, cpu = resident_kib(server.pid), server.cpu_seconds()
        with running("the sockets", *load, str(count), environment=environment) as sockets:
            spent = server.cpu_seconds() - cpu
            seconds = sockets.ask({"connected": 1}, SETTLE_S)
            time.sleep(SETTLE_S)
            kib = (resident_kib(server.pid) - memory) / count
            before = server.cpu_seconds()
            for _ in range(ROUNDS):
                sockets.ask({"ping": PINGS}, ANSWER_S)
            a_command = (server.cpu_seconds() - before) / (count * ROUNDS * PINGS)
            before = server.cpu_seconds()
            sockets.ask({"subscribe": f"missed-{SUBSCRIPTIONS}"}, ANSWER_S)
            a_subscribe = (server.cpu_seconds() - before) / (count * SUBSCRIPTIONS)
            return [count, kib, spent / count * 1e6, count / seconds, a_command * 1e6, a_subscribe * 1e6]


def measure_alone(installation: Installation, name: str) -> list[object]:
    port, environment = free_port(), installation.environment
    load = ["-m", "benchmarks.clients.sockets", installation.socket_url(port)]
    with (
        running(name, *SERVERS[name], str(port), environment=environment, server=True) as server,
        running("the first sockets", *load, "10", "nothing", environment=environment),
    ):
        memory, cpu = resident_kib(server.pid), server.cpu_seconds()
        with running("the sockets", *load, str(ALONE), "nothing", environment=environment):
            spent = server.cpu_seconds() - cpu
            time.sleep(SETTLE_S)
            return [name, (resident_kib(server.pid) - memory) / ALONE, spent / ALONE * 1e6]


def main(counts: Sequence[int] = COUNTS) -> None:
    allow_open_files(2 * max(counts))
    with fresh_installation() as installation:
        rows = [measure(installation, count) for count in counts]
        alone = [measure_alone(installation, name) for name in SERVERS]
    show(
        "Connections, each with a token and a subscription of its own, 64 handshakes at a time",
        ["sockets", "KiB RSS/socket", "µs CPU/connect", "connects/s", "µs CPU/command", "µs CPU/subscribe"],
        rows,
        [
            "CPU and rate include the subscription and its reply; the load has a core of its own.",
            f"Commands are pings, {PINGS} at once on each socket; then each makes {SUBSCRIPTIONS} more subscriptions.",
            SAME_FOR_ALL,
        ],
    )
    show(
        f"{ALONE:,} sockets that only connect, 64 handshakes at a time",
        ["server", "KiB RSS/socket", "µs CPU/connect"],
        alone,
        ["Only eventhub looks up who comes in, by a token."],
    )


if __name__ == "__main__":
    with bench():
        say(machine())
        main([int(each) for each in sys.argv[1:]] or COUNTS)
