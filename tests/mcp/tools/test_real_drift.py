"""A real server changes one word: one event for each era that it is asked in, after its restart."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from eventhub.demo.server import DemoServer
from eventhub.environment import network
from events.mcp.check_now import check_all
from events.mcp.models import McpServer, McpServerState
from events.mcp.record import record_manual
from tests.mcp.outcomes import a_server, told
from tests.servers import ROOT
from tests.waiting import eventually

pytestmark = pytest.mark.django_db

TOOL = "get_current_time"


@pytest.fixture
def clock(tmp_path: Path, settings: Settings) -> Iterator[DemoServer]:
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    subprocess.run(["sh", "bin/mcp-servers"], check=True, cwd=ROOT, timeout=600)
    server = DemoServer("clock_mcp", "", "mcp-server-time", "fastmcp", tmp_path)
    try:
        yield server
    finally:
        server.stop()


def check(server: DemoServer) -> None:
    """A deep check in each era, once the server is up."""
    eventually(server.answers)
    seen = asyncio.run(check_all(list(McpServer.objects.select_related("state")), {}))
    assert {result.outcome.feeds for result in seen} == {"success"}, seen
    for result in seen:
        record_manual(result, "test")


def test_a_real_server_that_changes_one_word_is_told_of_once_in_each_era(clock: DemoServer) -> None:
    for era in ("modern", "legacy"):
        made = a_server(f"{era}_mcp", timeout_s=30.0)
        McpServer.objects.filter(pk=made.pk).update(url=clock.url)
        McpServerState.objects.filter(server=made).update(protocol_era=era)
    for descriptions in ({TOOL: "Tell the time."}, {TOOL: "Tell the date."}):
        clock.stop()
        clock.descriptions = descriptions
        clock.start()
        check(clock)
    check(clock)
    assert sorted((data["mcp_name"], data["changed"], data["severity"]) for _, data in told("mcp_tools_changed")) == [
        (name, [{"tool": TOOL, "parts": ["description"]}], "error") for name in ("legacy_mcp", "modern_mcp")
    ]
