"""Deliveries a second of a core, how late they are at a usual rate, and what destinations that hang do to others."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import AbstractContextManager
from statistics import quantiles

from benchmarks.bench.processes import ROOT, Child, Failed, bench, cpu_seconds, free_port, running
from benchmarks.bench.tables import machine, say, show
from benchmarks.servers.installation import Installation, fresh_installation

SUBSCRIBE = """
import sys
import django
django.setup()
from django.contrib.auth.models import User
from events.log import reading
from subscriptions.models import DeliveryLease, Destination, StandingSubscription
from subscriptions.standing.secret import new_webhook_secret, sealed
port, count, hanging, parallel = map(int, sys.argv[1:])
User.objects.update(is_superuser=True)  # who may have webhooks
head, owner, secret = reading.head(), User.objects.get(), sealed(new_webhook_secret())
for n in range(count):
    row = StandingSubscription.objects.create(
        owner=owner, name=f"s{n}", event_types=["mcp_status_change"], epoch=head.epoch, position=head.position,
        filters={} if parallel > 1 else {"mcp_names": [f"server_{n}"]},
    )
    path = "hangs" if n < hanging else "hook"
    Destination.objects.create(
        standing=row, kind="webhook", address=f"http://127.0.0.1:{port}/{path}{n}", secret=secret, parallel=parallel
    )
DeliveryLease.bump()
"""
NAMES = """
import django
django.setup()
from events.mcp.models import McpServer
McpServer.objects.bulk_create(McpServer(name=f"server_{n}", url=f"https://h{n}.example/") for n in range(1000))
"""
EMIT = """
import sys, time
import django
django.setup()
from events.broadcast import Broadcast, broadcast_events
count, rate, names = map(int, sys.argv[1:])
data = [{"mcp_name": f"server_{n % names}", "new_status": "active"} for n in range(count)]
made = [Broadcast("mcp_status_change", each) for each in data]
began = time.monotonic()
if rate:
    for n, each in enumerate(made):
        if (wait := began + n / rate - time.monotonic()) > 0:
            time.sleep(wait)
        broadcast_events([each])
else:
    for start in range(0, count, 1000):
        broadcast_events(made[start : start + 1000])
"""
SETTLE_S, WITHIN_S = 4.0, 120.0


def main() -> None:
    show(
        "As many webhooks as a core delivers (16 destinations of 8 at once, all events to each)",
        ["deliveries", "a second", "CPU of a core, %", "CPU/delivery, ms"],
        [throughput()],
    )
    show(
        "How late a webhook is: 1,000 destinations, 200 events a second, each for one of them",
        ["of which hang", "delivered", "median, ms", "p99, ms", "max, ms", "CPU of a core, %"],
        [lateness(hanging) for hanging in (0, 100)],
        ["From the broadcast, by the event's timestamp, to the receiver. Those that hang never answer."],
    )


def throughput(destinations: int = 16, events: int = 500) -> list[object]:
    with fresh_installation() as installation:
        port = free_port()
        receiver = running(
            "the receiver", "-m", "benchmarks.deliver.receiver", str(port), environment=environment_of(installation)
        )
        with receiver as asked, Delivering(installation) as process:
            script(installation, SUBSCRIBE, port, destinations, 0, 8)
            script(installation, EMIT, 1, 0, 1)
            wait_for(asked, destinations)
            asked.ask({"forget": True}, 10)
            script(installation, EMIT, events, 0, 1)
            cpu, began, had = cpu_seconds(process.pid), time.monotonic(), asked.ask({}, 10)["count"]
            total = wait_for(asked, destinations * events)
            took, used = time.monotonic() - began, cpu_seconds(process.pid) - cpu
            done = total - had
            return [done, done / took, 100 * used / took, 1000 * used / done]


def lateness(hanging: int, destinations: int = 1_000, events: int = 4_000, rate: int = 200) -> list[object]:
    with fresh_installation() as installation:
        port = free_port()
        receiver = running(
            "the receiver", "-m", "benchmarks.deliver.receiver", str(port), environment=environment_of(installation)
        )
        with receiver as asked, Delivering(installation) as process:
            script(installation, NAMES)
            script(installation, SUBSCRIBE, port, destinations, hanging, 1)
            time.sleep(SETTLE_S)
            cpu, began = cpu_seconds(process.pid), time.monotonic()
            script(installation, EMIT, events, rate, destinations)
            well = events * (destinations - hanging) // destinations
            wait_for(asked, well)
            used = 100 * (cpu_seconds(process.pid) - cpu) / (time.monotonic() - began)
            lags = asked.ask({}, 10)["lags"]
            cuts = quantiles(lags, n=100)
            return [hanging, len(lags), cuts[49], cuts[98], max(lags), used]


def receiving(installation: Installation, port: int) -> AbstractContextManager[Child]:
    command = ("-m", "benchmarks.deliver.receiver", str(port))
    return running("the receiver", *command, environment=environment_of(installation))


class Delivering:
    """`manage.py deliver`, once it leads."""

    def __init__(self, installation: Installation) -> None:
        environment = {**environment_of(installation), "EVENTHUB_LOG_LEVEL": "INFO"}
        command = [sys.executable, "manage.py", "deliver"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> subprocess.Popen[str]:
        assert self._process.stderr is not None
        if "leads" not in self._process.stderr.readline():
            raise Failed("manage.py deliver does not lead")
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


def environment_of(installation: Installation) -> dict[str, str]:
    return {**installation.environment, "EVENTHUB_DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8"}


def script(installation: Installation, code: str, *arguments: int) -> None:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    subprocess.run(command, cwd=ROOT, env=environment_of(installation), check=True, timeout=WITHIN_S)


def wait_for(receiver: Child, count: int) -> int:
    deadline = time.monotonic() + WITHIN_S
    while (had := receiver.ask({}, 10)["count"]) < count:
        if time.monotonic() > deadline:
            raise Failed(f"only {had:,} of {count:,} deliveries came")
        time.sleep(0.1)
    return int(had)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
