"""A probe is answered also while the server of the channel layer hangs, and says that it is this one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventhub.server import health


class Hanging:
    """The channel layer of a server that answers nothing, not even when it is left."""

    def __init__(self) -> None:
        self.recovers = asyncio.Event()

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self.recovers.wait()

    async def receive(self, channel: str) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        finally:
            await self.recovers.wait()
        raise AssertionError


async def test_probes_are_answered_though_a_check_that_hangs_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Hanging()
    monkeypatch.setattr(health, "get_channel_layer", lambda: layer)
    monkeypatch.setattr(health, "ROUND_TRIP_S", 0.05)
    monkeypatch.setattr(health, "_checking", None)
    monkeypatch.setattr(health, "_channels", ["eventhub.ready.one"])
    probes = [health.check_channel_layer() for _ in range(5)]
    assert await asyncio.gather(*probes) == [health.NO_ROUND_TRIP] * 5
    assert await health.check_channel_layer() == health.NO_ROUND_TRIP
    checking = health._checking
    assert checking is not None
    assert not checking.done()
    layer.recovers.set()
    await checking
