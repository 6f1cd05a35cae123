"""The life of a real MCP server behind a real bridge, as whoever subscribed with filters sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from eventhub.demo.server import DemoServer
from eventhub.environment import network
from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.mcp.misbehaving import Misbehaving
from tests.mcp.monitors import LOOPBACK, monitors, register
from tests.servers import ROOT, ServerProcess
from tests.waiting import eventually


@pytest.fixture
def oracle(tmp_path: Path, settings: Settings) -> Iterator[DemoServer]:
    """mcp-server-time behind mcp-proxy, which goes on answering when its child is dead."""
    settings.MCP_ALLOWED_NETWORKS = [network("127.0.0.0/8")]
    subprocess.run(["sh", "bin/mcp-servers"], check=True, cwd=ROOT, timeout=600)
    server = DemoServer("oracle_mcp", "time", "mcp-server-time", "mcp-proxy", tmp_path)
    server.start()
    try:
        eventually(server.answers)
        yield server
    finally:
        server.stop()


async def following(client: Client, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """The events up to one with these data."""
    return [message for message in await client.until(wanted) if "data" in message]


async def test_a_dead_child_is_found_by_the_deep_check_disabled_in_order_and_enabled_when_it_is_back(
    make_server: MakeServer, oracle: DemoServer
) -> None:
    server: ServerProcess = make_server(env=LOOPBACK)
    with Misbehaving() as other, monitors(server, 1):
        register(server, oracle_mcp=oracle.url, other_mcp=other.url("modern"))
        async with connected(server) as client:
            await client.subscribe(
                "mcp_health_check", "circuit_breaker_state", "mcp_auto_disabled", "mcp_status_change",
                mcp_names=["oracle_mcp"],
            )  # fmt: skip
            await following(client, {"health_status": "healthy"})
            oracle.kill_child()
            disabled = await following(client, {"new_status": "inactive"})
            assert [each["type"] for each in disabled[-5:]] == [
                "mcp_health_check", *["circuit_breaker_state"] * 2, "mcp_auto_disabled", "mcp_status_change",
            ]  # fmt: skip
            cycles = [
                each["data"]["failure_cycles"]
                for each in disabled
                if each["type"] == "circuit_breaker_state" and each["data"]["new_state"] == "open"
            ]
            assert cycles == [0, 1, 2]
            failed = [each["data"] for each in disabled if each["data"].get("health_status") == "unhealthy"]
            assert {(data["check"], data["error_class"]) for data in failed} == {("deep", "tools")}
            assert disabled[-2]["data"].items() >= {"failure_cycles": 2, "max_failure_cycles": 2}.items()
            assert disabled[-1]["data"].items() >= {"reason": "Auto-disabled", "disabled_by": "auto"}.items()

            oracle.stop()
            oracle.start()
            back = await following(client, {"new_status": "active"})
            assert back[-1]["data"].items() >= {"old_status": "inactive", "reason": "Recovered"}.items()
            assert {each["data"]["mcp_name"] for each in (*disabled, *back)} == {"oracle_mcp"}
