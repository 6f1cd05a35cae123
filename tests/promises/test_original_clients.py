"""Clients of the original system keep working: their four commands as they send them, the answers as they know them."""

from __future__ import annotations

import json
from urllib.request import urlopen

import pytest
import websockets

from tests.client import Client, connected
from tests.conftest import MakeServer
from tests.servers import ServerProcess

GET_METADATA = '{"action": "get_metadata"}'
SUBSCRIBE = """{"action": "subscribe", "event_types": ["mcp_status_change", "circuit_breaker_state"],
 "filters": {"mcp_names": ["oracle_mcp", "postgres_mcp"], "severity": ["error", "critical"]}}"""
UNSUBSCRIBE = '{"action": "unsubscribe", "subscription_id": "%s"}'
PING = '{"action": "ping"}'


@pytest.mark.parametrize("path", ["/ws/events", "/ws/mcp-status"])
async def test_the_four_original_commands_are_answered_as_they_always_were(
    each_server: ServerProcess, path: str
) -> None:
    async with connected(each_server, "alice", path=path) as client:
        await client.send_text(PING)
        assert await client.socket.recv() == '"pong"'

        await client.send_text(GET_METADATA)
        metadata = await client.receive()
        assert metadata["type"] == "metadata"
        first = metadata["data"]["categories"][0]
        assert (first["id"], first["label"]) == ("mcp", "MCP")
        assert first["events"][0]["id"] == "mcp_status_change"
        assert first["events"][0]["severity_levels"] == ["info", "warning", "error", "critical"]
        assert first["events"][0]["filterable_fields"][0]["name"] == "mcp_names"

        await client.send_text(SUBSCRIBE)
        subscribed = await client.receive()
        assert subscribed["type"] == "subscribed"
        assert subscribed["event_types"] == ["mcp_status_change", "circuit_breaker_state"]
        assert subscribed["filters"] == {
            "mcp_names": ["oracle_mcp", "postgres_mcp"],
            "severity": ["error", "critical"],
        }

        each_server.manage(
            "emit_event",
            "mcp_status_change",
            "mcp_name=oracle_mcp",
            "old_status=active",
            "new_status=inactive",
            "reason=Auto-disabled",
            "severity=error",
        )
        event = await client.receive()
        assert set(event) == {"type", "id", "timestamp", "data"}
        assert event["type"] == "mcp_status_change"
        assert event["timestamp"].endswith("Z")
        assert event["data"] == {
            "mcp_name": "oracle_mcp",
            "old_status": "active",
            "new_status": "inactive",
            "reason": "Auto-disabled",
            "severity": "error",
        }

        await client.send_text(UNSUBSCRIBE % subscribed["subscription_id"])
        unsubscribed = await client.receive()
        assert unsubscribed["type"] == "unsubscribed"
        assert unsubscribed["subscription_id"] == subscribed["subscription_id"]


async def test_the_second_port_and_the_token_in_the_query_serve_existing_clients(
    make_server: MakeServer,
) -> None:
    server = make_server(env={"EVENTHUB_PUBLIC_METADATA": "1"})
    with urlopen(f"{server.url}/api/v1/events/metadata") as answer:
        assert {category["id"] for category in json.load(answer)["categories"]} == {"mcp", "user", "system"}
    with urlopen(f"{server.url}/api/v1/events/mcp-list") as answer:
        assert json.load(answer) == []

    url = f"ws://127.0.0.1:{server.ports[1]}/ws/mcp-status?token={server.token('alice')}"
    async with websockets.connect(url, proxy=None) as socket:
        assert (await Client(socket).ask("ping", request_id=1))["type"] == "pong"
    assert server.token("alice") not in server.log
