"""The official client against a real server, in both eras; and a poll loop whose server is killed loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from subscriptions.protocol.mcp_events import EXTENSION
from tests.emitting import emit_many
from tests.servers import ServerProcess
from tests.subscriptions.agents.calling import MODERN, STATUS
from tests.waiting import WITHIN_S

if TYPE_CHECKING:
    from mcp import Client


@asynccontextmanager
async def official(server: ServerProcess, mode: str) -> AsyncIterator[Client]:
    import httpx2  # each worker that collects these tests would take half a second to import these
    from mcp import Client
    from mcp.client import advertise
    from mcp.client.streamable_http import streamable_http_client

    headers = {"Authorization": f"Bearer {server.token('admin')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=WITHIN_S) as http,
        Client(
            streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode, extensions=[advertise(EXTENSION)]
        ) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", [MODERN, "auto", "legacy"])
async def test_the_official_client_calls_tools_lists_and_polls(shared_server: ServerProcess, mode: str) -> None:
    from tests.subscriptions.agents.polls import EventsResult, ListEvents, poll

    async with official(shared_server, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert tools["search_events"].annotations is not None
        assert tools["search_events"].annotations.read_only_hint
        listed = await client.session.send_request(ListEvents(params={}), EventsResult)
        assert STATUS in {each["name"] for each in (listed.model_extra or {})["events"]}
        cursor = (await poll(client, cursor=None))["cursor"]
        emit_many(shared_server, ["one", "two"])
        got = await poll(client, cursor=cursor)
        assert [each["data"]["mcp_name"] for each in got["events"]] == ["one", "two"]
        found = await client.call_tool("search_events", {"filter": {"mcp_names": "two"}, "limit": 1})
        assert found.structured_content is not None  # which the client has checked by the tool's schema
        assert found.structured_content["events"][0]["id"] == got["events"][1]["eventId"]
        refused = await client.call_tool("search_events", {"since": "yesterday"})
        assert refused.is_error


async def test_a_poll_loop_loses_nothing_when_the_server_is_killed(
    two_servers: tuple[ServerProcess, ServerProcess],
) -> None:
    from tests.subscriptions.agents.polls import poll

    server, other = two_servers
    got: list[str] = []

    async def polled(cursor: str | None) -> str:
        async with official(server, MODERN) as client:
            answer = await poll(client, cursor=cursor)
        assert not answer["truncated"]
        got.extend(each["data"]["mcp_name"] for each in answer["events"])
        return str(answer["cursor"])

    cursor = await polled(None)
    emit_many(server, ["a", "b"])
    cursor = await polled(cursor)
    server.kill()
    emit_many(other, ["c"])
    await asyncio.to_thread(server.start)
    emit_many(server, ["d"])
    await polled(cursor)
    assert got == ["a", "b", "c", "d"]


@pytest.mark.parametrize("method", ["tools/list", "events/stream"])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_that_is_too_long_is_refused_as_json_rpc_has_it(
    shared_server: ServerProcess, method: str, is_announced: bool
) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * 8192

    headers = {
        "Authorization": f"Bearer {shared_server.token('admin')}",
        "Content-Type": "application/json",
        "Mcp-Method": method,
    }
    async with httpx.AsyncClient(base_url=shared_server.url, timeout=WITHIN_S, trust_env=False) as client:
        body: Any = b" " * 9 * 8192 if is_announced else parts()
        answer = await client.post("/mcp", content=body, headers=headers)
    refused = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/json")
    assert refused == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32600, "message": "The body is over 65,536 bytes."},
    }
