"""What a process of a command tells while it runs: its counts, and that it lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from events.measuring.keeper import keep_regularly
from events.upkeep.heartbeat import beat_regularly


@asynccontextmanager
async def present_as(role: str) -> AsyncIterator[None]:
    """Keep the counts of this process, and beat, until the block ends."""
    telling = [asyncio.create_task(keep_regularly(role, dict)), asyncio.create_task(beat_regularly(role, dict))]
    try:
        yield
    finally:
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)
