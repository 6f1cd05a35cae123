"""PostgreSQL has ended all connections and is there at once, as after a restart: nobody need wait for that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import httpx
import pytest

from tests.client import connected
from tests.conftest import MakeServer
from tests.database.copies import PostgresDatabase
from tests.servers import ServerProcess
from tests.settings import POSTGRES
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(POSTGRES is None, reason="is about PostgreSQL: EVENTHUB_TEST_DATABASE=postgres")

SOCKETS = 20
AT_ONCE_S = 8.0  # more than usual; who waits for a dead connection waits for longer
OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def database_of(server: ServerProcess) -> PostgresDatabase:
    assert isinstance(server.database, PostgresDatabase)
    return server.database


def terminated(database: PostgresDatabase) -> None:
    """Every connection of everybody else to this database is ended, whether it is busy or not."""
    database.rows(f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS other")  # noqa: S608


def restarted(database: PostgresDatabase) -> None:
    with database.away():
        pass


async def fill_the_pool(server: ServerProcess) -> None:
    """Make the server hold many connections that lie idle afterwards."""
    headers = {"Authorization": f"Bearer {server.token('alice')}"}
    while len(server.database.rows(OTHERS)) < 10:
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
            await asyncio.gather(*(http.get("/api/v1/events/metadata") for _ in range(20)))


async def let_in(server: ServerProcess, since: float) -> float:
    """Connect, and return how long after `since` the first command was answered."""
    async with connected(server) as client:
        await client.nothing_came_before()
    return time.monotonic() - since


async def crowd_is_let_in(server: ServerProcess) -> float:
    """Return how long it takes until the last of them is."""
    began = time.monotonic()
    return max(await asyncio.gather(*(let_in(server, began) for _ in range(SOCKETS))))


@pytest.mark.parametrize("ended", [terminated, restarted])
async def test_sockets_come_in_and_requests_are_answered_as_soon_as_postgresql_is_there_again(
    make_server: MakeServer, ended: Callable[[PostgresDatabase], None]
) -> None:
    server = make_server()
    await fill_the_pool(server)
    usual = await crowd_is_let_in(server)
    await asyncio.to_thread(ended, database_of(server))
    assert await crowd_is_let_in(server) < AT_ONCE_S + 2 * usual

    async with connected(server) as quiet:  # so that delivery has connections that break, too
        await quiet.subscribe("user_login")
        await fill_the_pool(server)
        await asyncio.to_thread(ended, database_of(server))
        took: list[float] = []
        answers: list[httpx.Response] = []
        headers = {"Authorization": f"Bearer {server.token('emitter')}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
            for number in range(10):
                event = {"type": "user_logout", "data": {"username": str(number)}}
                began = time.monotonic()
                answers += await asyncio.gather(http.get("/readyz"), http.post("/api/v1/events/", json=event))
                took.append(time.monotonic() - began)
        assert {answer.status_code for answer in answers} == {200, 201}
        assert max(took) < AT_ONCE_S + 2 * usual
        await quiet.nothing_came_before()
    assert "Traceback" not in server.log


async def test_connections_that_are_ended_again_and_again_are_replaced_each_time(make_server: MakeServer) -> None:
    server = make_server()
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}

    def logged(data: dict[str, str]) -> bool:
        event = {"type": "user_logout", "data": data, "idempotency_key": data["username"]}
        return httpx.post(f"{server.url}/api/v1/events/", headers=headers, json=event).status_code == 201

    async with connected(server) as client:
        await client.subscribe("user_logout")
        for number in range(5):
            await asyncio.to_thread(terminated, database_of(server))
            data = {"username": str(number)}
            await asyncio.to_thread(eventually, lambda data=data: logged(data))
            assert len(await client.until(data)) == 1
