"""A process that broadcasts as fast as it can, alone or beside others.

On stdin `{"batch": 100, "seconds": 2}`; on stdout `[events, seconds, seconds of CPU]`, once the log has them all.
"""

from __future__ import annotations

import json
import os
import sys
import time

import django

from benchmarks.bench.processes import FAILED
from benchmarks.bench.workload import EVENT_TYPE, event_data

PLACED_S = 5.0  # for a sequencer, which places what others only insert


def flat_out(batch: int, seconds: float) -> tuple[int, float, float]:
    from events.broadcast import Broadcast, broadcast_event, broadcast_events
    from events.models import Event

    source = f"writer {os.getpid()}"
    mine = Event.objects.filter(source=source, position__isnull=False)
    before = mine.count()
    sent, start, cpu = 0, time.monotonic(), time.process_time()
    while time.monotonic() < start + seconds:
        if batch == 1:
            broadcast_event(EVENT_TYPE, event_data(sent), source=source)
        else:
            numbers = range(sent, sent + batch)
            broadcast_events([Broadcast(EVENT_TYPE, event_data(number), source) for number in numbers])
        sent += batch
    elapsed, cpu = time.monotonic() - start, time.process_time() - cpu
    placed_by = time.monotonic() + PLACED_S
    while (logged := mine.count() - before) < sent and time.monotonic() < placed_by:
        time.sleep(0.01)
    if logged != sent:
        sys.exit(f"{FAILED}{sent} events were broadcast and the log has {logged} of them")
    return sent, elapsed, cpu


if __name__ == "__main__":
    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(flat_out(**json.loads(line))), flush=True)
