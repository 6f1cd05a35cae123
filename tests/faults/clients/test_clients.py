"""Clients are slow, vanish, come back late, or all at once: each gets what it missed, and the others notice nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.emitting import emit
from tests.faults.proxy import Proxy
from tests.faults.publisher import NAMES
from tests.faults.publishing import publishing
from tests.faults.subscriber import EVENT_TYPES, Subscriber, number, running, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import ROOT, ServerProcess
from tests.waiting import aeventually

CROWD = 200
MISSED = 200  # events
POURS = 25  # events a second, each for a third of the crowd
PRUNED_TO = 30


def through(proxy: Proxy, server: ServerProcess) -> str:
    return server.ws_url.replace(f":{server.ports[0]}/", f":{proxy.port}/")


@pytest.mark.parametrize("fault", [Proxy.reset, Proxy.half_close], ids=["reset", "half-closed"])
async def test_a_client_whose_link_breaks_resumes_with_each_event_once(
    server: ServerProcess, fault: Callable[[Proxy], None]
) -> None:
    with Proxy.to_port(server.ports[0]) as proxy:
        async with subscribed(server, urls=[through(proxy, server)]) as client, subscribed(server) as other:
            async with publishing(server) as publisher:
                for connections in (2, 3, 4):
                    await publisher.more(50)
                    fault(proxy)
                    await aeventually(lambda n=connections: client.live and client.connections == n)  # type: ignore[misc]
            assert await tally(server, client, other, publishers=[publisher]) == NOTHING
            assert other.closed == []
            assert client.incomplete == []


async def test_a_slow_reader_is_told_so_and_gets_the_rest_when_it_resumes(server: ServerProcess) -> None:
    with Proxy.to_port(server.ports[0]) as proxy:
        async with (
            subscribed(server, urls=[through(proxy, server)], heartbeat=None) as slow,
            subscribed(server) as quick,
        ):
            async with publishing(server, rate=80, padding=40_000) as publisher:
                proxy.rate = 300_000
                await aeventually(lambda: "A connection is too slow" in server.log)
                await quick.has_all_of(publisher)  # while the other one is slow
                proxy.rate = None
                await aeventually(lambda: slow.live and slow.connections == 2)
            assert slow.closed == [4008]
            assert await tally(server, slow, quick, publishers=[publisher]) == NOTHING
            assert quick.closed == []


async def test_a_half_open_client_is_found_by_both_ends_and_loses_nothing(make_server: MakeServer) -> None:
    """The user may have one connection: the new one gets in when the server has found the old one dead."""
    server = make_server(
        env={"EVENTHUB_MAX_CONNECTIONS_PER_USER": "1", "PYTHONPATH": str(ROOT)},
        start=False,
    )
    server.program = Path(__file__).with_name("impatient.py")
    server.start()
    with Proxy.to_port(server.ports[0]) as proxy:
        urls = [through(proxy, server), *[server.ws_url] * 1000]
        async with subscribed(server, urls=urls, heartbeat=1) as client:
            client.heartbeat = 20  # of the next connections, which are in order
            async with publishing(server, rate=20) as publisher:
                await publisher.more(10)
                proxy.black_hole()
                await aeventually(lambda: client.live and client.connections > 1)
                await publisher.more(10)
            assert await tally(server, client, publishers=[publisher]) == NOTHING
            assert set(client.closed[1:]) <= {4013}
            assert client.incomplete == []


async def test_two_hundred_clients_resume_at_once_while_events_pour_in(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_MAX_CONNECTIONS_PER_USER": str(CROWD)})
    crowd = [Subscriber([server.ws_url], server.token("alice"), {NAMES[each % len(NAMES)]}) for each in range(CROWD)]
    async with connected(server) as witness:
        start = (await witness.ask("ping", request_id="start"))["position"]
    for subscriber in crowd:
        subscriber.resume_after(start)
    async with publishing(server, "missed", rate=1000) as missed:
        await missed.more(MISSED)
    async with publishing(server, "meanwhile", rate=POURS) as meanwhile:
        await meanwhile.more(1)
        async with running(*crowd):
            await aeventually(lambda: all(each.live for each in crowd))
            await meanwhile.more(25)
            await meanwhile.stop()
            assert await tally(server, *crowd, publishers=[missed, meanwhile]) == NOTHING
            assert all(each.connections == 1 and not each.incomplete for each in crowd)


async def resumed(client: Client, after: str) -> tuple[dict[str, Any], list[int]]:
    """The end of the replay, and the positions that it has sent."""
    reply = await client.ask("resume", after=after, subscriptions=[{"event_types": EVENT_TYPES}])
    assert reply["type"] == "resumed", reply
    sent: list[int] = []
    while (message := await client.receive())["type"] != "replayed":
        sent.append(number(message["id"]))
    assert message["count"] == len(sent)
    return message, sent


@pytest.fixture(scope="module")
def logged_server(shared_server: ServerProcess) -> ServerProcess:
    """Its log begins after PRUNED_TO. No client was there when the events came, so its process remembers none."""
    events = "".join(json.dumps({"type": EVENT_TYPES[0], "data": {"mcp_name": "a"}}) + "\n" for _ in range(60))
    shared_server.manage("emit_event", "-", stdin=events)
    prune(shared_server)
    return shared_server


def prune(server: ServerProcess) -> None:
    server.database.change(f"DELETE FROM events_event WHERE position <= {PRUNED_TO}")  # noqa: S608  our own
    server.database.change(f"UPDATE events_eventtype SET pruned_to = {PRUNED_TO}")  # noqa: S608  our own


@pytest.mark.parametrize(
    ("after", "sent_from", "reason"),
    [
        ("{epoch}-10", PRUNED_TO + 1, "expired"),
        (f"{{epoch}}-{PRUNED_TO}", PRUNED_TO + 1, None),
        ("{epoch}-40", 41, None),
        ("0123456789abcdef-40", None, "epoch"),
        ("{epoch}-100000", None, "epoch"),
    ],
    ids=["before pruning", "the last pruned", "after pruning", "another epoch", "the future"],
)
async def test_a_client_that_cannot_be_given_all_is_told_why_and_goes_on_live(
    logged_server: ServerProcess, after: str, sent_from: int | None, reason: str | None
) -> None:
    server = logged_server
    async with connected(server) as client:
        head = server.position()
        epoch = await client.passed(head)
        replayed, sent = await resumed(client, after.format(epoch=epoch))
        assert (replayed["complete"], replayed.get("reason")) == (reason is None, reason)
        assert sent == ([] if sent_from is None else list(range(sent_from, head + 1)))
        assert number(replayed["position"]) == head
        emit(server, EVENT_TYPES[0], mcp_name="a")
        assert number((await client.receive())["id"]) == head + 1
        await client.nothing_came_before()


@pytest.mark.parametrize("after", ["", "12", "{epoch}", "{epoch}--1", "{epoch}-1.5", "{epoch}-" + "9" * 30])
async def test_what_is_no_position_is_refused_by_name(logged_server: ServerProcess, after: str) -> None:
    async with connected(logged_server) as client:
        epoch = (await client.ask("ping", request_id="epoch"))["position"].partition("-")[0]
        after = after.format(epoch=epoch)
        error = await client.ask("resume", after=after, subscriptions=[{"event_types": EVENT_TYPES}])
        assert error["code"] == "invalid_position"
        assert after[:100] in error["message"]
