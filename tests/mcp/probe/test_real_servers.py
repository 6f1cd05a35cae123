"""MCP servers written by others, over the bridges that people use: our probe sees what the official client sees.

To start all of them takes seven seconds, so this is also where one of them changes a word.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from ipaddress import ip_network
from time import monotonic
from typing import TYPE_CHECKING, Literal

import httpx
import pytest
from pytest_django import Settings

from eventhub.demo.server import DemoServer
from eventhub.environment import network
from events.mcp.check_now import check_all
from events.mcp.models import McpServer, McpServerState
from events.mcp.probe import Era, Target, new_client, probe
from events.mcp.probe.conversation import Conversation
from events.mcp.record import record_manual
from events.outbound.address import AddressGuard
from tests.mcp.outcomes import a_server, told
from tests.servers import ROOT
from tests.waiting import STEP_S, WITHIN_S, eventually

if TYPE_CHECKING:
    from mcp import Client

LOOPBACK = AddressGuard(allowed_networks=(ip_network("127.0.0.0/8"),))
# 100 sessions that nobody ends cost such a server 6 MB; what is flat still wanders by a few pages.
FLAT_KB = 2_000
TOOL = "git_status"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, DemoServer]]:
    subprocess.run(["sh", "bin/mcp-servers"], check=True, cwd=ROOT, timeout=600)
    folder = tmp_path_factory.mktemp("real")
    made = [
        DemoServer("time", "", "mcp-server-time", "mcp-proxy", folder),
        DemoServer("fetch", "", "mcp-server-fetch", "mcp-proxy --stateless", folder),
        DemoServer("git", "", "mcp-server-git", "fastmcp", folder, descriptions={TOOL: "Show what has changed."}),
    ]
    try:
        for server in made:
            server.start()
        yield {server.name: server for server in made}
    finally:
        for server in made:
            server.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with aclosing(new_client(LOOPBACK)) as made:
        yield made


def official_client(url: str, mode: Literal["auto", "legacy"] = "auto") -> Client:
    from mcp import Client  # each worker that collects these tests would take half a second to import it

    return Client(url, mode=mode, read_timeout_seconds=WITHIN_S)


async def up(client: httpx.AsyncClient, server: DemoServer) -> str:
    """The URL of the server, once it answers a deep check."""
    deadline = monotonic() + WITHIN_S
    while (outcome := await probe(client, Target(server.url, timeout_s=WITHIN_S), deep=True)).feeds != "success":
        assert monotonic() < deadline, f"{server.name} does not come up: {outcome.error}"
        await asyncio.sleep(STEP_S)
    return server.url


@pytest.mark.parametrize(
    ("name", "era", "version", "kind"),
    [
        ("time", Era.LEGACY, "2025-11-25", "application/json"),
        ("fetch", Era.LEGACY, "2025-11-25", "application/json"),
        ("git", Era.MODERN, "2026-07-28", "application/json"),
        ("git", Era.LEGACY, "2025-11-25", "text/event-stream"),
    ],
)
async def test_the_probe_and_the_official_client_agree_on_version_and_tools(
    servers: dict[str, DemoServer], client: httpx.AsyncClient, name: str, era: Era, version: str, kind: str
) -> None:
    url = await up(client, servers[name])
    kinds: set[str] = set()

    async def note(response: httpx.Response) -> None:
        if response.status_code == 200 and response.request.method == "POST":
            kinds.add(response.headers.get("content-type", "").partition(";")[0])

    client.event_hooks = {"response": [note]}
    outcome = await probe(client, Target(url, timeout_s=WITHIN_S, era=era), deep=True)
    async with official_client(url, "legacy" if era == Era.LEGACY else "auto") as official:
        tools = (await official.list_tools()).tools
        assert outcome.protocol_version == official.protocol_version == version
    assert (outcome.protocol_era, outcome.tool_count) == (era, len(tools))
    assert kinds == {kind}


@pytest.mark.parametrize("name", ["time", "fetch", "git"])
async def test_an_unknown_server_is_asked_in_the_newest_era_that_it_speaks(
    servers: dict[str, DemoServer], client: httpx.AsyncClient, name: str
) -> None:
    url = await up(client, servers[name])
    outcome = await probe(client, Target(url, timeout_s=WITHIN_S), deep=False)
    async with official_client(url) as official:
        assert outcome.protocol_version == official.protocol_version


async def test_a_hundred_probes_leave_a_servers_memory_flat(
    servers: dict[str, DemoServer], client: httpx.AsyncClient
) -> None:
    url = await up(client, servers["time"])
    await probes(client, url, 50)  # what it allocates once
    before = resident_kb(servers["time"])
    await probes(client, url, 100)
    assert resident_kb(servers["time"]) - before < FLAT_KB


async def test_without_the_end_of_their_sessions_that_memory_would_grow(
    servers: dict[str, DemoServer], client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above can fail."""

    async def no_end(self: Conversation) -> None:
        return

    monkeypatch.setattr(Conversation, "end", no_end)
    url = await up(client, servers["time"])
    before = resident_kb(servers["time"])
    await probes(client, url, 100)
    assert resident_kb(servers["time"]) - before > 2 * FLAT_KB


@pytest.mark.django_db
def test_a_server_that_changes_one_word_is_told_of_once_in_each_era(
    servers: dict[str, DemoServer], settings: Settings
) -> None:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    server = servers["git"]
    for era in ("modern", "legacy"):
        made = a_server(f"{era}_mcp", timeout_s=30.0)
        McpServer.objects.filter(pk=made.pk).update(url=server.url)
        McpServerState.objects.filter(server=made).update(protocol_era=era)
    check_deep(server)
    server.stop()
    server.descriptions = {TOOL: "Show what has changes."}
    server.start()
    for _ in range(2):
        check_deep(server)
    assert sorted((data["mcp_name"], data["changed"], data["severity"]) for _, data in told("mcp_tools_changed")) == [
        (name, [{"tool": TOOL, "parts": ["description"]}], "error") for name in ("legacy_mcp", "modern_mcp")
    ]


def check_deep(server: DemoServer) -> None:
    """Record a deep check in each era, once the server is up."""
    eventually(server.answers)
    seen = asyncio.run(check_all(list(McpServer.objects.select_related("state")), {}))
    assert {result.outcome.feeds for result in seen} == {"success"}, seen
    for result in seen:
        record_manual(result, "test")


async def probes(client: httpx.AsyncClient, url: str, count: int) -> None:
    for _ in range(count):
        outcome = await probe(client, Target(url, timeout_s=WITHIN_S, era=Era.LEGACY), deep=False)
        assert outcome.feeds == "success", outcome.error


def resident_kb(server: DemoServer) -> int:
    assert server.process is not None
    ps = subprocess.run(["ps", "-o", "rss=", "-p", str(server.process.pid)], check=True, capture_output=True, text=True)
    return int(ps.stdout)
