"""The database can be read, and not written: readyz says so, and why, for as long as that is so."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.client import connected
from tests.conftest import MakeServer
from tests.database.copies import PostgresDatabase, SQLiteDatabase
from tests.faults.readiness import not_ready, ready
from tests.servers import ServerProcess
from tests.settings import POSTGRES
from tests.waiting import eventually

EVENT = {"type": "user_logout", "data": {"username": "x" * 10_000}}


def status_of_post(server: ServerProcess) -> int:
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}
    return httpx.post(f"{server.url}/api/v1/events/", headers=headers, json=EVENT).status_code


@contextmanager
def no_room(server: ServerProcess) -> Iterator[None]:
    """The server's files cannot grow any more; what was written before, can be written again."""
    assert server.process is not None
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (100_000, unlimited[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)


@contextmanager
def reads_only(database: PostgresDatabase) -> Iterator[None]:
    """As after a demotion: whoever is connected is sent away, and what comes then may only read."""
    name = database.name
    database.change(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    away = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    try:
        with psycopg.connect(database.server.url("postgres")) as other:
            other.execute(away, [name])
        yield
    finally:
        database.server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        with psycopg.connect(database.server.url("postgres")) as other:
            other.execute(away, [name])


@pytest.mark.skipif(POSTGRES is not None, reason="is about SQLite: PostgreSQL would end itself")
async def test_a_disk_that_takes_nothing_more_is_told_of_until_it_does(make_server: MakeServer) -> None:
    server = make_server()
    assert isinstance(server.database, SQLiteDatabase)
    async with connected(server) as client:
        await client.subscribe("user_login")
        with no_room(server):
            await asyncio.to_thread(eventually, lambda: status_of_post(server) == 503)
            await not_ready(server, "database", "cannot be written to")
            assert httpx.get(f"{server.url}/healthz").status_code == 200
            await client.nothing_came_before()
        await ready(server)
        assert await asyncio.to_thread(status_of_post, server) == 201
        await client.nothing_came_before()
    assert "Traceback" not in server.log


@pytest.mark.skipif(POSTGRES is None, reason="is about PostgreSQL: EVENTHUB_TEST_DATABASE=postgres")
async def test_a_server_that_only_reads_is_told_of_and_no_page_ends_in_a_traceback(make_server: MakeServer) -> None:
    server = make_server()
    assert isinstance(server.database, PostgresDatabase)
    async with connected(server) as client:
        await client.subscribe("user_logout")
        with reads_only(server.database):
            await not_ready(server, "database", "is read-only")
            assert await asyncio.to_thread(status_of_post, server) == 503
            with pytest.raises(AssertionError, match="not available at the moment"):  # it writes a session
                await asyncio.to_thread(server.session, "alice")
            await client.nothing_came_before()
        await ready(server)
        assert await asyncio.to_thread(status_of_post, server) == 201
        assert (await client.receive())["type"] == "user_logout"
    assert "Traceback" not in server.log
