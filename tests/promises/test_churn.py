"""Clients come and vanish by the hundred: what the server holds afterwards is what it held before."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace

from benchmarks.servers.watched import Holds, asked
from tests.client import connected
from tests.conftest import MakeServer
from tests.servers import ROOT, ServerProcess
from tests.waiting import WITHIN_S, eventually

AT_ONCE = 20
VISIT_S = 3.0
FEW = 60  # visitors


async def visits(server: ServerProcess) -> int:
    """How many have come, subscribed, changed their minds and vanished, in each way that there is."""
    url = f"{server.ws_url}?token={server.token('admin')}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.clients.visitors", url, str(AT_ONCE),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(json.dumps({"visit": VISIT_S}).encode()), WITHIN_S)
    ready, answer = said.decode().splitlines()
    assert ready == "ready"
    return int(json.loads(answer))


def counted(server: ServerProcess) -> Holds:
    """All but what caches, threads and the allocator keep."""
    return replace(asked(server.url), descriptors=0, objects=0, resident_kib=0)


def no_more(now: Holds, before: Holds) -> bool:
    """A task of its own, such as its heartbeat, it may have had under way before."""
    return now.tasks <= before.tasks and replace(now, tasks=before.tasks) == before


async def test_what_visitors_made_goes_with_them(make_server: MakeServer) -> None:
    server = make_server(start=False)
    server.program = ROOT / "benchmarks" / "servers" / "watched.py"
    server.start()
    async with connected(server) as stays:
        await stays.subscribe("mcp_status_change", mcp_names=["one that stays"])
        await asyncio.to_thread(eventually, lambda: counted(server).groups == 2)  # its type's, and control
        before = counted(server)
        assert (before.connections, before.subscriptions) == (1, 1)
        came = 0
        while came < FEW:
            came += await visits(server)
        await asyncio.to_thread(eventually, lambda: no_more(counted(server), before))
        await stays.nothing_came_before()
