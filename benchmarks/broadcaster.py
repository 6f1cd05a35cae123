"""The process that broadcasts at a steady rate, by this product's log or by a group of the channel layer.

On stdin `{"first": 0, "count": 100, "rate": 50, "burst": 1}`; on stdout the time (`time.monotonic`) of each call, once
for each of its events. A burst is one call with so many events, at the same rate of events.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import django
from channels.layers import get_channel_layer

from benchmarks.plain_consumer import group_of
from benchmarks.workload import EVENT_TYPE, event_data

Broadcast = Callable[[range], object]


def through_the_log() -> Broadcast:
    from events import broadcast  # needs Django set up

    return lambda numbers: broadcast.broadcast_events(
        [broadcast.Broadcast(EVENT_TYPE, event_data(number)) for number in numbers]
    )


def to_the_group() -> Broadcast:
    layer = get_channel_layer()
    assert layer is not None
    loop = asyncio.new_event_loop()

    def broadcast(numbers: range) -> None:
        for number in numbers:
            event = {
                "type": EVENT_TYPE,
                "id": f"0000000000000000-{number + 1}",
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "data": event_data(number),
            }
            loop.run_until_complete(layer.group_send(group_of(EVENT_TYPE), {"type": "event.message", "event": event}))

    return broadcast


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
    main({"eventhub": through_the_log, "plain": to_the_group}[sys.argv[1]]())
