"""The process that broadcasts at a steady rate, by this product's log or by a group of the channel layer.

On stdin `{"first": 0, "count": 100, "rate": 50}`; on stdout the time (`time.monotonic`) of each call.
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

Broadcast = Callable[[int], object]


def through_the_log() -> Broadcast:
    from events.broadcast import broadcast_event  # needs Django set up

    return lambda number: broadcast_event(EVENT_TYPE, event_data(number))


def to_the_group() -> Broadcast:
    layer = get_channel_layer()
    assert layer is not None
    loop = asyncio.new_event_loop()

    def broadcast(number: int) -> None:
        event = {
            "type": EVENT_TYPE,
            "id": f"0000000000000000-{number + 1}",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "data": event_data(number),
        }
        loop.run_until_complete(layer.group_send(group_of(EVENT_TYPE), {"type": "event.message", "event": event}))

    return broadcast


def at_rate(broadcast: Broadcast, first: int, count: int, rate: float) -> list[float]:
    calls = []
    start = time.monotonic()
    for index in range(count):
        time.sleep(max(0.0, start + index / rate - time.monotonic()))
        calls.append(time.monotonic())
        broadcast(first + index)
    return calls


def main(broadcast: Broadcast) -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(at_rate(broadcast, **json.loads(line))), flush=True)


if __name__ == "__main__":
    django.setup()
    main({"eventhub": through_the_log, "plain": to_the_group}[sys.argv[1]]())
