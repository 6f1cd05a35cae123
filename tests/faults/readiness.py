"""What a server says of itself."""

from __future__ import annotations

import asyncio

import httpx

from tests.servers import ServerProcess
from tests.waiting import eventually


def checks(server: ServerProcess) -> dict[str, str]:
    """The checks of readyz that are not ok; its status must agree with them."""
    answer = httpx.get(f"{server.url}/readyz", timeout=20)
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
