"""Processes end, die, lag and compete while events pour in: every client gets each committed event once, in order."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.faults.publishing import Publisher, publishing
from tests.faults.subscriber import Subscriber, number, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess
from tests.waiting import STEP_S, WITHIN_S, aeventually

PUBLISHERS = 4


async def has_come_back(*subscribers: Subscriber, connections: int) -> None:
    await aeventually(lambda: all(each.live and each.connections == connections for each in subscribers))


@pytest.mark.postgres
async def test_a_killed_process_costs_its_clients_a_reconnect_and_no_event(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    async with (
        subscribed(first, second) as everything,
        subscribed(first, second, names={"a", "c"}) as some,
        subscribed(second) as elsewhere,
    ):
        async with publishing(first) as publisher:
            await publisher.more(100)
            first.kill()
            await has_come_back(everything, some, connections=2)
            await publisher.more(100)
            await asyncio.to_thread(first.start)
            second.kill()  # they go on at the first, which was not there for what they have missed
            await has_come_back(everything, some, connections=3)
            await asyncio.to_thread(second.start)
            await has_come_back(elsewhere, connections=2)
        assert await tally(first, everything, some, elsewhere, publishers=[publisher]) == NOTHING
        assert everything.incomplete == some.incomplete == elsewhere.incomplete == []
        assert everything.closed == some.closed == [1006, 1006]


async def test_a_process_told_to_stop_says_so_and_its_clients_go_on_elsewhere_without_loss(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    async with subscribed(first, second) as everything, subscribed(first, second, names={"b"}) as some:
        async with publishing(first) as publisher:
            await publisher.more(100)
            assert await asyncio.to_thread(first.stop) == 0
            await has_come_back(everything, some, connections=2)
            await publisher.more(100)
        assert await tally(second, everything, some, publishers=[publisher]) == NOTHING
        assert everything.closed == some.closed == [1012]
        assert everything.incomplete == []


@pytest.mark.postgres
async def test_exactly_what_four_publishers_commit_arrives_once_and_in_one_order(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = two_servers
    async with subscribed(first) as one, subscribed(second) as other, subscribed(second, names={"b"}) as some:
        async with AsyncExitStack() as stack:
            publishers = [
                await stack.enter_async_context(publishing(first, f"publisher {number}", rate=50, ways="mixed"))
                for number in range(PUBLISHERS)
            ]
            await asyncio.gather(*(publisher.more(50) for publisher in publishers))
        assert await tally(first, one, other, some, publishers=publishers) == NOTHING
        assert one.closed == other.closed == some.closed == []
        common = max(one.start or 0, other.start or 0)
        assert [each.data for each in one.received if each.position > common] == [
            each.data for each in other.received if each.position > common
        ]


async def looks(witness: Client) -> None:
    """Wait until the witness's server has just looked at the log: it will not do so again at once."""
    async with asyncio.timeout(WITHIN_S):
        before = (await witness.ask("ping", request_id="before"))["position"]
        while True:
            if (await witness.ask("ping", request_id="after"))["position"] != before:
                return
            await asyncio.sleep(STEP_S)


async def lags(witness: Client, client: Subscriber, publisher: Publisher) -> None:
    """Wait until the witness's server has not looked at what this client of another one has got. It may look before:
    a busy machine takes long for these few events."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await looks(witness)
            await publisher.more(10)
            assert client.position is not None
            got = number(client.position)
            if number((await witness.ask("ping", request_id="lags"))["position"]) < got:
                return


async def test_a_client_may_resume_on_a_process_that_lags_behind_the_one_it_left(make_server: MakeServer) -> None:
    first = make_server()
    lagging = make_server(beside=first, env={"EVENTHUB_DOORBELLS": "0", "EVENTHUB_LOOK_INTERVAL": "4"})
    async with connected(lagging) as witness, subscribed(first, lagging) as moving:
        async with publishing(first, rate=40) as publisher:
            for connections in (2, 4):
                await lags(witness, moving, publisher)
                assert moving.socket is not None
                await moving.socket.close()
                await has_come_back(moving, connections=connections)
                await looks(witness)  # at what it has sent already, too
                await moving.socket.close()
                await has_come_back(moving, connections=connections + 1)
        assert await tally(first, moving, publishers=[publisher]) == NOTHING
        assert moving.incomplete == []
