"""What a server says of itself: whether it is ready, and by which way events come to it."""

from __future__ import annotations

import asyncio
import re

import httpx

from tests.faults.subscriber import Subscriber
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually, eventually

BY_DOORBELL = 5  # events in a row


def checks(server: ServerProcess) -> dict[str, str]:
    """The checks of readyz that are not ok; its status must agree with them."""
    answer = httpx.get(f"{server.url}/readyz")
    wrong = {name: state for name, state in answer.json()["checks"].items() if state != "ok"}
    degraded = [name for name in wrong if name == "channel_layer"]
    assert answer.json()["degraded"] == degraded
    assert answer.status_code == (200 if list(wrong) == degraded else 503)
    return wrong


async def not_ready(server: ServerProcess, check: str, state: str) -> None:
    """Wait until readyz says exactly this."""
    await asyncio.to_thread(eventually, lambda: checks(server) == {check: state})


async def ready(server: ServerProcess) -> None:
    await asyncio.to_thread(eventually, lambda: not checks(server))


def log_reads(server: ServerProcess) -> float:
    """How often it has read the log for events that no doorbell brought."""
    told = re.search(r"^eventhub_log_reads_total (\S+)$", httpx.get(f"{server.url}/metrics").text, re.MULTILINE)
    assert told is not None
    return float(told[1])


async def hears_doorbells(server: ServerProcess, subscriber: Subscriber) -> None:
    """Wait until events come though the log is not read: it is doorbells that bring them."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            before = await asyncio.to_thread(log_reads, server)
            await subscriber.fence()
            enough = len(subscriber.received) + BY_DOORBELL
            await aeventually(lambda enough=enough: len(subscriber.received) >= enough)  # type: ignore[misc]
            if await asyncio.to_thread(log_reads, server) == before:
                return
