"""A monitor that measures itself: `{"seconds": 30}` on stdin is answered with what the next 30 seconds cost."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import django

LAG_STEP_S = 0.01
WRITES = ("INSERT", "UPDATE", "DELETE")


async def main() -> None:
    from django.db import connection

    from events.mcp.monitor import monitor_leader
    from events.mcp.monitor.term import Monitor

    counts: Counter[str] = Counter()

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        verb = sql.split(" ", 1)[0].upper()
        counts["transactions"] += verb == "BEGIN"
        counts["writes"] += verb in WRITES
        return execute(sql, params, many, context)

    def log(done: Any) -> None:
        counts["checks"] += 1
        counts["failed"] += done.outcome.feeds != "success"

    monitor_leader.log = log
    monitor = Monitor()
    await monitor.in_database(lambda: connection.execute_wrappers.append(count))
    running = asyncio.create_task(monitor.run())
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        counts.clear()
        cpu, began = time.process_time(), time.monotonic()
        lags = await lags_for(json.loads(line)["seconds"])
        took = time.monotonic() - began
        measured = {"cpu": (time.process_time() - cpu) / took, "lags": lags, "seconds": took, **counts}
        print(json.dumps(measured), flush=True)
    monitor.stopping.set()
    await running


async def lags_for(seconds: float) -> list[float]:
    """How much too late the loop woke, in ms, each hundredth of a second."""
    loop, lags = asyncio.get_running_loop(), []
    end = loop.time() + seconds
    while (now := loop.time()) < end:
        await asyncio.sleep(LAG_STEP_S)
        lags.append((loop.time() - now - LAG_STEP_S) * 1000)
    return lags


if __name__ == "__main__":
    django.setup()
    asyncio.run(main())
