"""The database goes away, or is locked: nothing is acknowledged that is not logged, and all that is logged arrives."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.faults.publishing import publishing
from tests.faults.readiness import checks, not_ready, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess

TABLES = ("events_loghead", "events_event", "knox_authtoken")
EVENT = {"type": "mcp_status_change", "data": {"mcp_name": "a", "publisher": "http", "sent": 0, "committed": True}}
LOCKED = 5.0  # seconds; half of what SQLite is told to wait


@contextmanager
def database_away(server: ServerProcess) -> Iterator[None]:
    """Whoever has the file open keeps it, whatever becomes of the folder: for those, its tables are away."""

    def rename(each: str, to: str) -> None:
        with closing(sqlite3.connect(server.database, timeout=10)) as database:
            database.execute(f"ALTER TABLE {each} RENAME TO {to}")

    away = server.var_dir.with_name(f"{server.var_dir.name}-away")
    for table in TABLES:
        rename(table, f"{table}_away")
    server.var_dir.rename(away)
    try:
        yield
    finally:
        away.rename(server.var_dir)
        for table in TABLES:
            rename(f"{table}_away", table)


async def post(server: ServerProcess, number: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=20) as http:
        data = EVENT["data"]
        assert isinstance(data, dict)
        return await http.post("/api/v1/events/", json={**EVENT, "data": {**data, "number": number}})


async def is_answered_at_once(client: Client) -> None:
    async with asyncio.timeout(1):
        await client.nothing_came_before(f"ping {time.monotonic()}")


async def test_while_the_database_is_away_callers_are_told_and_sockets_stay_open(make_server: MakeServer) -> None:
    """F6."""
    server = make_server()
    async with subscribed(server) as everything, connected(server) as quiet:
        await quiet.subscribe("user_login")
        async with publishing(server) as publisher:
            await publisher.more(50)
            with database_away(server):
                await not_ready(server, "database", "does not answer")
                answer = await post(server, 1)
                assert answer.status_code == 503
                assert answer.headers["content-type"] == "application/problem+json"
                with pytest.raises(AssertionError, match="1013"):
                    await refused_with_code(server)
                while len(publisher.refused) < 50:
                    await is_answered_at_once(quiet)
                    await asyncio.sleep(0.1)
            assert set(publisher.refused) == {"LogUnavailable"}
            await ready(server)
            await publisher.more(50)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
        await is_answered_at_once(quiet)
    assert "subscriptions.dispatcher: The log cannot be read" in server.log
    assert "A WebSocket was put off" in server.log
    assert "readyz: the database does not answer" in server.log


async def refused_with_code(server: ServerProcess) -> None:
    async with connected(server) as newcomer:
        raise AssertionError(await newcomer.closed())


async def test_while_the_database_is_locked_broadcasts_wait_and_sockets_do_not(make_server: MakeServer) -> None:
    """F7."""
    server = make_server()
    async with subscribed(server) as everything, connected(server) as quiet:
        async with publishing(server) as publisher:
            await publisher.more(50)
            with closing(sqlite3.connect(server.database, timeout=10, isolation_level=None)) as locker:
                locker.execute("BEGIN IMMEDIATE")
                until = time.monotonic() + LOCKED
                waiting = asyncio.create_task(post(server, 1))
                position = server.position()
                while time.monotonic() < until:
                    assert await asyncio.to_thread(checks, server) == {}
                    await is_answered_at_once(quiet)
                    async with asyncio.timeout(1), connected(server) as newcomer:
                        await newcomer.subscribe("mcp_status_change")
                assert server.position() == position
                locker.execute("ROLLBACK")
            assert (await waiting).status_code == 201
            await publisher.more(50)
        assert publisher.refused == []
        assert publisher.slowest > LOCKED / 2
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    assert "WARNING" not in server.log
