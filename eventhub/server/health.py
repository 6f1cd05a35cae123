"""/healthz and /readyz: whether this process lives, and whether it can do its work."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from asgiref.sync import ThreadSensitiveContext
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from redis.exceptions import RedisError

from eventhub.operators.router import Answer
from eventhub.server.database_health import all_migrations, check_database
from eventhub.server.echo import Echo
from events.notify.servers import channel_at, count_servers, is_pubsub_of_redis
from subscriptions.channel_layer.listener import Refused

logger = logging.getLogger(__name__)

ROUND_TRIP_S = 1.0
NO_ROUND_TRIP = f"no round trip within {ROUND_TRIP_S:g} s"
# What all processes share, and can do their work without. If each of them said that it is not ready, a load balancer
# would have none left, although events arrive.
SHARED = ("channel_layer",)
_channels: list[str] = []  # of this process: one for each server of the channel layer
_echoes: dict[int, Echo] = {}  # of this process, by the number of the server
_checking: asyncio.Task[str] | None = None  # of the channel layer, for all who probe meanwhile


class Process:
    """What this process knows of itself."""

    draining = False
    migrated = False  # once true it stays so


async def healthz(scope: dict[str, Any]) -> Answer:
    return Answer("ok\n")


async def readyz(scope: dict[str, Any]) -> Answer:
    """Answer 200 although something in SHARED is away, unless the question is strict."""
    try:
        strict = is_strict(scope)
    except ValueError as error:
        return Answer(f"{error}\n", 400)
    channel_layer = asyncio.create_task(check_channel_layer())
    async with ThreadSensitiveContext():  # a thread of its own: a probe that hangs holds up no other
        checks = {
            "database": await database_sync_to_async(check_database)(Process.migrated),
            "migrations": await database_sync_to_async(check_migrations)(),
            "channel_layer": await channel_layer,
            "draining": "this process is about to stop" if Process.draining else "ok",
        }
    degraded = [name for name in SHARED if checks[name] != "ok"]
    wrong = [name for name, answer in checks.items() if answer != "ok" and name not in degraded]
    ready = not wrong and not (strict and degraded)
    body = json.dumps({"ready": ready, "degraded": degraded, "checks": checks})
    return Answer(body, 200 if ready else 503, "application/json")


def is_strict(scope: dict[str, Any]) -> bool:
    """Say whether `?strict=1` is asked for. Raises ValueError, which says what is allowed."""
    asked: str = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("strict", ["0"])[-1]
    if asked not in ("0", "1"):
        raise ValueError(f"strict={asked!r} is neither 0 nor 1.")
    return asked == "1"


def check_migrations() -> str:
    if Process.migrated:
        return "ok"
    try:
        if all_migrations() <= set(MigrationRecorder(connection).applied_migrations()):
            Process.migrated = True
            return "ok"
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        logger.warning("readyz: the migrations cannot be read: %s", error)
        return "cannot be read"
    if missing:
        return f"{len(missing)} not applied: run manage.py migrate"
    Process.migrated = True
    return "ok"


async def check_channel_layer() -> str:
    """Answer within ROUND_TRIP_S. All who probe at once share a check. A server that hangs lets it hang, too, while it
    is cleared up: nobody waits for that."""
    global _checking
    if _checking is None or _checking.done():
        _checking = asyncio.create_task(_check_servers())
    checking = _checking
    done, _ = await asyncio.wait({checking}, timeout=ROUND_TRIP_S)
    return checking.result() if done else NO_ROUND_TRIP


async def _check_servers() -> str:
    try:
        async with asyncio.timeout(ROUND_TRIP_S):
            if is_pubsub_of_redis(layer := get_channel_layer()):
                for server in range(count_servers()):
                    if server not in _echoes:
                        _echoes[server] = Echo(layer, server)
                    await _echoes[server].round_trip()
                return "ok"
            if not _channels:
                _channels.extend(channel_at(each, "eventhub.ready") for each in range(count_servers()))
            for channel in _channels:
                await _round_trip(channel)
    except TimeoutError:
        return NO_ROUND_TRIP
    except (OSError, RedisError, Refused) as error:
        logger.warning("readyz: the channel layer does not answer: %s", error)
        return "does not answer"
    return "ok"


async def _round_trip(channel: str) -> None:
    layer, nonce = get_channel_layer(), uuid4().hex

    async def receive() -> None:
        while (await layer.receive(channel))["nonce"] != nonce:
            pass

    # receive() is what subscribes to the channel; a message sent before that is in force is lost, so repeat.
    receiving = asyncio.create_task(receive())
    try:
        while not receiving.done():
            await layer.send(channel, {"type": "ready", "nonce": nonce})
            await asyncio.wait({receiving}, timeout=0.1)
        receiving.result()
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


async def stop_checking() -> None:
    """Hear nothing more of the channel layer."""
    while _echoes:
        await _echoes.popitem()[1].end()
