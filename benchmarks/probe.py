"""What one health check of a real MCP server costs this process, beside one by the official client; and that server."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any
from unittest.mock import AsyncMock, patch

import httpx
from mcp import Client

from benchmarks.bench.processes import ROOT, Failed, bench
from benchmarks.bench.tables import machine, say, show
from eventhub.demo.server import DemoServer
from events.mcp.probe import Era, Target, new_client, probe
from events.mcp.probe.conversation import Conversation
from events.outbound.address import AddressGuard

WARM_UP = 10
TIMES = 100
SESSIONS = 200
TIMEOUT_S = 30.0
LOOPBACK = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"),))
# What each costs by itself: fastmcp starts a process for every list of tools, so that only liveness is asked of it.
SERVERS = (
    ("mcp-server-time", "mcp-proxy", Era.LEGACY),
    ("mcp-server-fetch", "mcp-proxy --stateless", Era.LEGACY),
    ("mcp-server-git", "fastmcp", Era.MODERN),
)


def main() -> None:
    if subprocess.run(["sh", "bin/mcp-servers"], cwd=ROOT, check=False).returncode:
        raise Failed("the real MCP servers could not be installed; why is above")
    with tempfile.TemporaryDirectory(prefix="eventhub-bench-") as folder:
        servers = [
            DemoServer(f"server_{number}", program, program, bridge, Path(folder))
            for number, (program, bridge, _) in enumerate(SERVERS)
        ]
        try:
            for server in servers:
                server.start()
            asyncio.run(measured(servers))
        finally:
            for server in servers:
                server.stop()


async def measured(servers: list[DemoServer]) -> None:
    rows: list[list[object]] = []
    async with aclosing(new_client(LOOPBACK)) as client:
        for server, (program, bridge, era) in zip(servers, SERVERS, strict=True):
            await come_up(client, server)
            target = Target(server.url, timeout_s=TIMEOUT_S, era=era)
            has_cheap_tools = bridge != "fastmcp"
            ways = {"probe, liveness": partial(probed, client, target, deep=False)}
            if has_cheap_tools:
                ways["probe, deep"] = partial(probed, client, target, deep=True)
            ways["official client"] = partial(official, target, tools=has_cheap_tools)
            rows += [[f"{program}, {bridge}", way, *await cost(check)] for way, check in ways.items()]
        show(
            "A health check of a real MCP server (one after the other)",
            ["server, bridge", "how", "CPU/check, ms", "median, ms", "p99, ms"],
            rows,
            [
                "CPU is this process's alone, the server's is not in it.",
                "The official client connects, and lists the tools (not of fastmcp: it starts a process for each).",
            ],
        )
        ended = await growth_kb(client, servers[0])
        with patch.object(Conversation, "end", AsyncMock()):
            left = await growth_kb(client, servers[0])
        show(
            f"What {SESSIONS} probes leave in mcp-proxy, which begins a session for each",
            ["its sessions are", "kB/probe"],
            [["ended", ended], ["left", left]],
        )


async def come_up(client: httpx.AsyncClient, server: DemoServer) -> None:
    for _ in range(60):
        outcome = await probe(client, Target(server.url, timeout_s=TIMEOUT_S), deep=True)
        if outcome.feeds == "success":
            return
        await asyncio.sleep(0.5)
    raise Failed(f"{server.what} does not come up: {outcome.error}")


async def probed(client: httpx.AsyncClient, target: Target, *, deep: bool) -> None:
    outcome = await probe(client, target, deep=deep)
    if outcome.feeds != "success":
        raise Failed(f"a healthy server was found {outcome.health}: {outcome.error}")


async def official(target: Target, *, tools: bool) -> None:
    mode: Any = "legacy" if target.era == Era.LEGACY else "auto"
    async with Client(target.url, mode=mode, read_timeout_seconds=TIMEOUT_S) as client:
        if tools:
            await client.list_tools()


async def cost(check: Callable[[], Awaitable[None]]) -> list[object]:
    for _ in range(WARM_UP):
        await check()
    took = []
    cpu = process_time()
    for _ in range(TIMES):
        began = perf_counter()
        await check()
        took.append((perf_counter() - began) * 1000)
    return [(process_time() - cpu) * 1000 / TIMES, median(took), sorted(took)[int(TIMES * 0.99) - 1]]


async def growth_kb(client: httpx.AsyncClient, server: DemoServer) -> float:
    target = Target(server.url, timeout_s=TIMEOUT_S, era=Era.LEGACY)
    before = resident_kb(server)
    for _ in range(SESSIONS):
        await probed(client, target, deep=False)
    return (resident_kb(server) - before) / SESSIONS


def resident_kb(server: DemoServer) -> int:
    assert server.process is not None
    done = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(server.process.pid)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


if __name__ == "__main__":
    with bench():
        say(machine())
        main()
