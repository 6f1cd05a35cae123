"""`manage.py serve --workers`: several processes, one address. They end and die under load; clients miss nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import MakeServer
from tests.faults.publishing import publishing
from tests.faults.subscriber import Subscriber, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ServerProcess
from tests.waiting import aeventually, eventually

CLIENTS = 12  # so many that each of two workers has some, but for one chance in 2,000
NAMES = (None, {"a", "c"}, {"b"})


def workers(server: ServerProcess) -> list[int]:
    assert server.process is not None
    pid = server.process.pid
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def server(make_server: MakeServer) -> ServerProcess:
    server = make_server(env={"EVENTHUB_WORKERS": "2"})
    assert len(workers(server)) == 2
    return server


async def crowd(stack: AsyncExitStack, server: ServerProcess) -> list[Subscriber]:
    return [
        await stack.enter_async_context(subscribed(server, names=NAMES[number % len(NAMES)]))
        for number in range(CLIENTS)
    ]


def all_live(clients: list[Subscriber]) -> bool:
    return all(client.live for client in clients)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_worker_that_ends_under_load_is_replaced_and_costs_no_client_an_event(
    server: ServerProcess, number: signal.Signals
) -> None:
    async with AsyncExitStack() as stack:
        clients = await crowd(stack, server)
        async with publishing(server, rate=200) as publisher:
            for victim in workers(server):
                await publisher.more(100)
                os.kill(victim, number)
                await aeventually(lambda v=victim: v not in workers(server) and len(workers(server)) == 2)  # type: ignore[misc]
                await aeventually(lambda: all_live(clients))
            await publisher.more(100)
        assert await tally(server, *clients, publishers=[publisher]) == NOTHING
    codes = {code for client in clients for code in client.closed}
    assert codes == ({1012} if number == signal.SIGTERM else {1006})
    assert all(not client.incomplete for client in clients)


async def test_told_to_stop_all_say_goodbye_and_nothing_is_lost_by_who_comes_back(server: ServerProcess) -> None:
    async with AsyncExitStack() as stack:
        clients = await crowd(stack, server)
        async with publishing(server, rate=200) as publisher:
            await publisher.more(100)
            assert await asyncio.to_thread(server.stop) == 0
            await publisher.more(100)
            await asyncio.to_thread(server.start)
            await aeventually(lambda: all_live(clients))
        assert await tally(server, *clients, publishers=[publisher]) == NOTHING
    assert {client.closed[0] for client in clients} == {1012}


def test_they_end_with_the_process_that_began_them(server: ServerProcess) -> None:
    began = workers(server)
    server.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in began))


def test_a_second_server_at_the_same_address_is_refused(server: ServerProcess, make_server: MakeServer) -> None:
    other = make_server(beside=server, start=False)
    for count in ("1", "2"):
        refused = other.manage("serve", "--port", str(server.ports[0]), "--workers", count, check=False)
        assert refused.returncode == 1
        assert f"Port {server.ports[0]} on 127.0.0.1 is in use" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workers", "0"], "--workers 0: at least 1 process is needed."),
        (["--workers", "2", "--server", "daphne"], "--workers 2 needs --server uvicorn"),
    ],
)
def test_a_number_of_workers_that_cannot_be_is_refused(
    make_server: MakeServer, arguments: list[str], message: str
) -> None:
    refused = make_server(start=False).manage("serve", *arguments, check=False)
    assert refused.returncode == 1
    assert message in refused.stderr


async def test_what_workers_have_counted_outlives_them_and_what_they_were_does_not(server: ServerProcess) -> None:
    def scraped() -> dict[str, float]:
        families = text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)
        return {each.name: sum(sample.value for sample in each.samples) for each in families}

    async with AsyncExitStack() as stack:
        await crowd(stack, server)
        await aeventually(lambda: scraped()["eventhub_connections"] == CLIENTS)
    await aeventually(lambda: scraped()["eventhub_connections"] == 0)
    counted = scraped()["eventhub_connections_opened"]
    assert counted == CLIENTS
    for victim in workers(server):
        os.kill(victim, signal.SIGKILL)
        await aeventually(lambda v=victim: v not in workers(server) and len(workers(server)) == 2)  # type: ignore[misc]
        await aeventually(lambda: scraped()["eventhub_processes"] == 2)
        assert scraped()["eventhub_connections_opened"] == counted
    assert len(list((server.var_dir / "metrics").glob("*.json"))) == 2
