"""Sentinels put a replica in the place of a Valkey that failed: doorbells go on there, and no event is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from eventhub.inside.redis_servers import parse_servers
from events.notify.lines import connect
from tests.client import connected
from tests.conftest import MakeServer
from tests.faults.installations.sentinels import running_sentinels
from tests.faults.publishing import publishing
from tests.faults.readiness import hears_doorbells, ready
from tests.faults.subscriber import subscribed
from tests.faults.tally import NOTHING, tally
from tests.waiting import eventually


async def test_doorbells_go_on_at_the_server_that_sentinels_have_promoted(
    make_server: MakeServer, tmp_path: Path
) -> None:
    with running_sentinels(tmp_path) as sentinels:
        server = make_server(env={"REDIS_URL": sentinels.url})
        async with subscribed(server) as everything, subscribed(server, names={"a"}) as some:
            async with publishing(server) as publisher:
                await hears_doorbells(server, everything)
                failed = sentinels.primary()
                line = connect(parse_servers(sentinels.url), 0)  # as whoever rings often has one
                line.send_command("ROLE")  # type: ignore[no-untyped-call]
                assert line.read_response()[0] == b"master"
                line.disconnect()  # type: ignore[no-untyped-call]
                sentinels.kill(sentinels.sentinels[0])  # the one that is asked first: the others still agree
                sentinels.kill(failed)
                await publisher.more(100)
                await everything.has_all_of(publisher)  # by the poll
                await asyncio.to_thread(eventually, lambda: sentinels.primary() != failed)
                await ready(server)
                await hears_doorbells(server, everything)
                async with connected(server) as newcomer:  # whose group is joined at the new one
                    await newcomer.subscribe("user_login")
                    server.manage("emit_event", "user_login", "username=ada")
                    assert (await newcomer.receive())["data"]["username"] == "ada"
            assert await tally(server, everything, some, publishers=[publisher]) == NOTHING
            assert everything.closed == some.closed == []
        assert "Channel layer unreachable" in publisher.log
        assert "Channel layer back after" in publisher.log
