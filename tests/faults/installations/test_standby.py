"""A standby of PostgreSQL is promoted, and has not all that was committed: a new epoch begins before anything else."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.database.copies import PostgresDatabase
from tests.database.template import FOR_SERVERS
from tests.faults.installations.standby import primary_and_standby
from tests.servers import ServerProcess

pytestmark = [pytest.mark.postgres, pytest.mark.needs_postgres]

NEW_EPOCH = 4010
TYPE = "user_action"


def emit(server: ServerProcess, word: str, count: int) -> None:
    lines = [json.dumps({"type": TYPE, "data": {"target_name": f"{word} {number}"}}) for number in range(count)]
    server.manage("emit_event", "-", stdin="\n".join(lines))


async def received(client: Client, count: int) -> list[tuple[str, str]]:
    events = [await client.receive() for _ in range(count)]
    return [(each["id"], each["data"]["target_name"]) for each in events]


async def resumed(client: Client, after: str) -> dict[str, Any]:
    reply = await client.ask("resume", after=after, subscriptions=[{"event_types": [TYPE], "filters": {}}])
    assert reply["type"] == "resumed", reply
    told: dict[str, Any] = await client.receive()
    return told


async def test_a_promoted_standby_that_lacks_events_begins_a_new_epoch_before_their_positions_are_given_again(
    make_server: MakeServer, template_folder: Path
) -> None:
    with primary_and_standby(template_folder / "postgres") as (primary, standby):
        server = make_server(start=False)
        server.database = PostgresDatabase(primary, FOR_SERVERS)
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        server.env["DATABASE_URL"] = server.database.url.replace(f"127.0.0.1:{primary.port}", hosts)
        server.start()
        async with connected(server) as client:
            await client.subscribe(TYPE)
            emit(server, "kept", 5)
            first = await received(client, 5)
            standby.has_all_of(primary)
            standby.cut_off()
            emit(server, "lost", 3)
            lost = await received(client, 3)
            # The log grows past the old head before this process can see that it went back.
            server.send(signal.SIGSTOP)
            primary.kill()
            await asyncio.to_thread(standby.promote)
            server.database = PostgresDatabase(standby, FOR_SERVERS)
            await asyncio.to_thread(emit, server, "new", 6)
            server.send(signal.SIGCONT)
            assert await client.closed() == NEW_EPOCH
        old = first[0][0].partition("-")[0]
        assert [id for id, _ in first + lost] == [f"{old}-{position}" for position in range(1, 9)]
        async with connected(server) as client:
            replayed = await resumed(client, lost[-1][0])
            assert (replayed["type"], replayed["complete"], replayed["reason"]) == ("replayed", False, "epoch")
            new, _, position = replayed["position"].partition("-")
            assert (new != old, position) == (True, "11")
            headers = {"Authorization": f"Bearer {server.token('emitter')}"}
            event = {"type": TYPE, "data": {"target_name": "last"}}
            answer = httpx.post(f"{server.url}/api/v1/events/", headers=headers, json=event)
            assert answer.json()["id"] == f"{new}-12"
            assert await received(client, 1) == [(f"{new}-12", "last")]
        rows = server.database.rows("SELECT data FROM events_event ORDER BY position")
        assert [json.loads(data)["target_name"].split()[0] for (data,) in rows] == [
            *["kept"] * 5,
            *["new"] * 6,
            "last",
        ]
