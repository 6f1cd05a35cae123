"""Real processes whose clock on the wall is wrong, or is set while they run: libfaketime stands between them and it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import connected
from tests.conftest import MakeServer
from tests.mcp.monitors import LEADS, LOOPBACK, events, monitors, register
from tests.ports import free_ports
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, eventually

# Of Debian's package: the form for programs with threads.
LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGAIN_S = 0.25  # after an event by the old clock: each process looks at the file once a second
JUMPS = {"+1h": HOUR, "-1h": -HOUR, "+1d": DAY, "-1d": -DAY, "+0": timedelta()}

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime: apt-get install faketime")

Jump = Callable[[str], None]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that all processes of these tests have their clock from. With one of its own for each test, each would
    need a process of its own to fork from."""
    return tmp_path_factory.mktemp("faked") / "clock"


@pytest.fixture
def jump(clock: Path) -> Jump:
    """Sets the clock of all processes of the test to so much more or less than it really is."""

    def jump(by: str) -> None:
        new = clock.with_suffix(".new")
        new.write_text(by)
        new.rename(clock)  # nobody reads half of it

    jump("+0")
    return jump


@pytest.fixture
def server(make_server: MakeServer, jump: Jump, clock: Path) -> ServerProcess:
    """One that does not run yet."""
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",  # second; to read the file at each look at the clock costs whole seconds
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # Its remedy for old C libraries would let a thread that waits for the interpreter's lock wait for no time at
        # all, again and again: whoever had the lock was asked for it at each step, and both took whole seconds of CPU.
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",
    }
    return make_server(start=False, env=LOOPBACK | faked)


def clock_of(message: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


async def found(http: httpx.AsyncClient, headers: dict[str, str], asked: dict[str, str]) -> set[str]:
    """Return the ids of all pages: a search is stopped after a while, and a busy machine does little in it."""
    ids: set[str] = set()
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = (await http.get("/api/v1/events/", headers=headers, params=asked | cursor)).json()
        ids |= {each["id"] for each in page["events"]}
        cursor = {"cursor": page["next"]} if page["next"] else None
    return ids


async def test_a_server_whose_clock_is_set_goes_on_and_finds_each_event_by_its_time(
    server: ServerProcess, jump: Jump
) -> None:
    server.start()
    emitter = {"Authorization": f"Bearer {server.token('emitter')}"}
    async with connected(server) as client, httpx.AsyncClient(base_url=server.url) as http:
        await client.subscribe("user_logout")
        received: list[Any] = []
        for by, ahead in JUMPS.items():
            jump(by)
            async with asyncio.timeout(WITHIN_S):
                while not received or abs(clock_of(received[-1]) - datetime.now(UTC) - ahead) > timedelta(minutes=5):
                    event = {"type": "user_logout", "data": {"username": by}}
                    assert (await http.post("/api/v1/events/", headers=emitter, json=event)).status_code == 201
                    received.append(await client.receive())
                    await asyncio.sleep(AGAIN_S)
        positions = [int(each["id"].rpartition("-")[2]) for each in received]
        assert positions == list(range(positions[0], positions[0] + len(received)))
        in_second: defaultdict[datetime, set[str]] = defaultdict(set)
        for each in received:
            in_second[clock_of(each).replace(microsecond=0)].add(each["id"])
        for second, ids in in_second.items():
            moment = second.isoformat()
            asked = {"event_type": "user_logout", "since": moment, "until": moment, "limit": "1000"}
            assert ids <= await found(http, emitter, asked)
    assert await asyncio.to_thread(server.stop) == 0


def test_a_clock_far_ahead_deletes_nothing_even_if_it_has_logged_events(server: ServerProcess, jump: Jump) -> None:
    emitted = ["before"]
    server.manage("emit_event", "user_logout", "username=before")
    server.database.change("UPDATE events_eventtype SET retention_days = 7 WHERE id = 'user_logout'")
    jump("+400d")

    def is_ahead() -> bool:
        emitted.append("ahead")
        server.manage("emit_event", "user_logout", "username=ahead")
        return server.database.rows("SELECT max(timestamp) > datetime('now', '+300 days') FROM events_event") == [(1,)]

    eventually(is_ahead)  # the process that commands are forked from looks at the file once a second
    assert "--trust-clock" in server.manage("prune_events").stderr
    assert [data["username"] for data in events(server, "user_logout")] == emitted


def test_a_monitor_goes_on_checking_after_each_jump_and_another_leads_after_one_that_died_ahead(
    server: ServerProcess, jump: Jump
) -> None:
    register(server, oracle_mcp=f"http://127.0.0.1:{free_ports(1)[0]}/mcp")

    def checks() -> int:
        return len(events(server, "mcp_health_check"))

    def goes_on() -> None:
        seen = checks()
        eventually(lambda: checks() > seen + 1)  # the first may have been on its way

    with monitors(server, 1) as (first,):
        for by in ("-1h", "-1d", "+1d"):
            jump(by)
            goes_on()
        first.kill()
    jump("+0")
    with monitors(server, 1) as (second,):
        eventually(lambda: LEADS in second.log)
        goes_on()
