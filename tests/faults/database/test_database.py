"""The database goes away, or is locked: nothing is acknowledged that is not logged, and all that is logged arrives."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import httpx
import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.database.copies import SQLiteDatabase
from tests.faults.publishing import publishing
from tests.faults.readiness import checks, not_ready, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess
from tests.waiting import aeventually

NOT_PLACED = "Events are logged, but could not be placed"
EVENT = {"type": "mcp_status_change", "data": {"mcp_name": "a", "publisher": "http", "sent": 0, "committed": True}}
PINGS = 9  # while the database is away or locked
AT_ONCE = 3.0  # seconds, for most of them: what waits for the database waits longer


async def post(server: ServerProcess, number: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.token('emitter')}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as http:
        data = EVENT["data"]
        assert isinstance(data, dict)
        return await http.post("/api/v1/events/", json={**EVENT, "data": {**data, "number": number}})


async def is_answered_at_once(client: Client) -> None:
    """Most of the time: a machine may stand still for some seconds."""
    took: list[float] = []
    for number in range(PINGS):
        began = time.monotonic()
        await client.nothing_came_before(f"ping {number}")
        took.append(time.monotonic() - began)
    assert median(took) < AT_ONCE


async def test_while_the_database_is_away_callers_are_told_and_sockets_stay_open(make_server: MakeServer) -> None:
    server = make_server()
    async with subscribed(server) as everything, connected(server) as quiet:
        await quiet.subscribe("user_login")
        async with publishing(server) as publisher:
            await publisher.more(50)
            with server.database.away():
                await not_ready(server, "database", "does not answer")
                answer = await post(server, 1)
                assert answer.status_code == 503
                assert answer.headers["content-type"] == "application/problem+json"
                with pytest.raises(AssertionError, match="1013"):
                    await refused_with_code(server)
                await is_answered_at_once(quiet)
                await aeventually(lambda: publisher.refused)
                await aeventually(lambda: "subscriptions.live.follower: The log cannot be read" in server.log)
            assert set(publisher.refused) == {"LogUnavailable"}
            await ready(server)
            await publisher.more(50)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
        await quiet.nothing_came_before()
    assert "A WebSocket was put off" in server.log
    assert "readyz: the database does not answer" in server.log


async def refused_with_code(server: ServerProcess) -> None:
    async with connected(server) as newcomer:
        raise AssertionError(await newcomer.closed())


async def test_while_the_database_is_locked_broadcasts_wait_and_sockets_do_not(make_server: MakeServer) -> None:
    server = make_server()
    async with subscribed(server) as everything, connected(server) as quiet:
        async with publishing(server) as publisher:
            await publisher.more(50)
            with server.database.locked():
                waiting = asyncio.create_task(post(server, 1))
                position = server.position()
                assert await asyncio.to_thread(checks, server) == {}
                await is_answered_at_once(quiet)
                async with connected(server) as newcomer:
                    await newcomer.subscribe("mcp_status_change")
                assert server.position() == position
            answer = await waiting
            assert answer.status_code == 201, answer.text + server.log
            await publisher.more(50)
        assert publisher.refused == []
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    assert "WARNING" not in server.log


async def test_a_lock_that_outlasts_those_who_wait_is_told_to_them_and_loses_nothing(make_server: MakeServer) -> None:
    """Hold the lock for longer than writers wait."""
    server = make_server()
    async with subscribed(server) as everything, connected(server) as quiet:
        async with publishing(server) as publisher:
            await publisher.more(50)
            with server.database.locked():
                answer = await post(server, 1)
                await is_answered_at_once(quiet)
                if isinstance(server.database, SQLiteDatabase):
                    await aeventually(lambda: publisher.refused)
                else:
                    await aeventually(lambda: NOT_PLACED in server.log + publisher.log)
            await publisher.more(50)
        assert await tally(server, everything, publishers=[publisher]) == NOTHING
        assert everything.closed == []
    if isinstance(server.database, SQLiteDatabase):  # to insert is to write, which one does at a time
        assert (answer.status_code, set(publisher.refused)) == (503, {"LogUnavailable"})
    else:  # what is inserted waits for its position, and nobody need try again
        assert (answer.status_code, answer.json()["id"], publisher.refused) == (201, None, [])
