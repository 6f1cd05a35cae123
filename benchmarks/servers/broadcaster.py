"""The process that broadcasts at a steady rate: by this product's log, a group of the channel layer, or the HTTP of
others.

`python -m benchmarks.servers.broadcaster eventhub|plain|nchan|centrifugo [PORT [WORKLOAD]]`, the port being that of the
server; see `benchmarks.bench.workload`, of which others than this product have the first.

On stdin `{"first": 0, "count": 100, "rate": 50, "burst": 1}`; on stdout the time (`time.monotonic`) of each call, once
for each of its events. A burst is one call with so many events, at the same rate of events; with `"calls": true` it is
so many calls, each as soon as the one before has returned.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django
from channels.layers import get_channel_layer

from benchmarks.bench.workload import EVENT_TYPE, Workload, event_data, named
from benchmarks.servers.plain_consumer import group_of
from benchmarks.servers.posts import to_centrifugo, to_nchan

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


def event_message(number: int) -> dict[str, Any]:
    """What eventhub makes of it, byte for byte."""
    return {
        "type": EVENT_TYPE,
        "id": f"0000000000000000-{number + 1}",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": event_data(number),
    }


def at_rate(broadcast: Broadcast, first: int, count: int, rate: float, burst: int, calls: bool = False) -> list[float]:
    called: list[float] = []
    start = time.monotonic()
    for index in range(0, count, burst):
        time.sleep(max(0.0, start + index / rate - time.monotonic()))
        numbers = range(first + index, first + min(index + burst, count))
        for each in [range(number, number + 1) for number in numbers] if calls else [numbers]:
            called += [time.monotonic()] * len(each)
            broadcast(each)
    return called


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
            main(to_nchan(int(sys.argv[2]), event_message))
        case "centrifugo":
            main(to_centrifugo(int(sys.argv[2]), event_message))
