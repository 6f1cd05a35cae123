"""The process that broadcasts at a steady rate: by this product's log, a group of the channel layer, or Nchan's HTTP.

`python -m benchmarks.servers.broadcaster eventhub|plain|nchan [PORT [WORKLOAD]]`, the port being that of the server;
see `benchmarks.bench.workload`, of which others than this product have the first.

On stdin `{"first": 0, "count": 100, "rate": 50, "burst": 1}`; on stdout the time (`time.monotonic`) of each call, once
for each of its events. A burst is one call with so many events, at the same rate of events.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django
import msgspec
from channels.layers import get_channel_layer

from benchmarks.bench.processes import Failed
from benchmarks.bench.workload import EVENT_TYPE, Workload, event_data, named
from benchmarks.servers import nchan
from benchmarks.servers.plain_consumer import group_of

Broadcast = Callable[[range], object]


def through_the_log(workload: Workload) -> Broadcast:
    from events import broadcast  # needs Django set up

    return lambda numbers: broadcast.broadcast_events(
        [broadcast.Broadcast(*workload.event(number)) for number in numbers]
    )


def to_the_group() -> Broadcast:
    layer = get_channel_layer()
    assert layer is not None
    loop = asyncio.new_event_loop()

    def broadcast(numbers: range) -> None:
        for number in numbers:
            message = {"type": "event.message", "event": event_message(number)}
            loop.run_until_complete(layer.group_send(group_of(EVENT_TYPE), message))

    return broadcast


def to_nchan(port: int) -> Broadcast:
    """All events of a call at once, over one connection."""
    connection = socket.create_connection(("127.0.0.1", port))
    answers = connection.makefile("rb")

    def broadcast(numbers: range) -> None:
        bodies = [msgspec.json.encode(event_message(number)) for number in numbers]
        head = f"POST {nchan.PUBLISH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
        connection.sendall(b"".join([f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]))
        for _ in bodies:
            status = answers.readline()
            if not status.startswith((b"HTTP/1.1 201", b"HTTP/1.1 202")):
                raise Failed(f"Nchan answered {status!r}")
            length = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)

    return broadcast


def event_message(number: int) -> dict[str, Any]:
    """What eventhub makes of it, byte for byte."""
    return {
        "type": EVENT_TYPE,
        "id": f"0000000000000000-{number + 1}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": event_data(number),
    }


def at_rate(broadcast: Broadcast, first: int, count: int, rate: float, burst: int) -> list[float]:
    calls: list[float] = []
    start = time.monotonic()
    for index in range(0, count, burst):
        time.sleep(max(0.0, start + index / rate - time.monotonic()))
        numbers = range(first + index, first + min(index + burst, count))
        calls += [time.monotonic()] * len(numbers)
        broadcast(numbers)
    return calls


def main(broadcast: Broadcast) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(at_rate(broadcast, **json.loads(line))), flush=True)


if __name__ == "__main__":
    django.setup()
    match sys.argv[1]:
        case "eventhub":
            main(through_the_log(named(sys.argv[3] if len(sys.argv) > 3 else "status")))
        case "plain":
            main(to_the_group())
        case "nchan":
            main(to_nchan(int(sys.argv[2])))
