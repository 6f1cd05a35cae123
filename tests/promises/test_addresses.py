"""A slash at the end makes no difference, and an address where nothing is says so."""

from __future__ import annotations

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.servers import ServerProcess

PATHS = (
    *("/events", "/events/history", "/healthz", "/readyz", "/api/v1/events", "/api/v1/events/metadata"),
    *("/api/v1/events/preview", "/api/v1/events/mcp-list", "/api/v1/events/0123456789abcdef-1/explain"),
    *("/events/e/0123456789abcdef-1", "/api/v1/events/0123456789abcdef-1/around", "/api/v1/views"),
)


def test_a_slash_at_the_end_of_an_address_makes_no_difference(each_server: ServerProcess) -> None:
    headers = {"Authorization": f"Bearer {each_server.token('alice')}"}
    with httpx.Client(base_url=each_server.url, headers=headers) as client:
        for path in PATHS:
            without, slash = client.get(path), client.get(f"{path}/")
            assert slash.status_code == without.status_code, path
            assert slash.content == without.content or path in ("/healthz", "/readyz"), path
            assert "no such API call" not in slash.text


@pytest.mark.parametrize("path", ["/ws/events", "/ws/events/", "/ws/mcp-status", "/ws/mcp-status/"])
async def test_a_socket_is_at_its_address_with_and_without_a_slash(each_server: ServerProcess, path: str) -> None:
    address = f"ws://127.0.0.1:{each_server.ports[0]}{path}?token={each_server.token('alice')}"
    async with connect(address) as socket:
        await socket.send('{"action": "ping"}')
        assert await socket.recv() == '"pong"'


@pytest.mark.parametrize("path", ["/ws/eventz", "/ws/events/more", "/ws/", "/"])
async def test_a_socket_at_another_address_is_told_that_there_is_none(each_server: ServerProcess, path: str) -> None:
    address = f"ws://127.0.0.1:{each_server.ports[0]}{path}?token={each_server.token('alice')}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(address)
    response = refused.value.response
    if each_server.asgi_server == "daphne":  # which can refuse by nothing else
        assert response.status_code == 403
        return
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert b"there are /ws/events and /ws/mcp-status" in response.body


def test_the_preflight_of_another_origins_page_is_answered_and_allows_nothing(each_server: ServerProcess) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    for path in ("/api/v1/events/", "/api/v1/events/metadata", "/api/v1/events/mcp-list"):
        answer = httpx.options(each_server.url + path, headers=asked)
        assert answer.status_code == 204, path
        assert "GET" in answer.headers["Allow"]
        assert not any(name.lower().startswith("access-control-") for name in answer.headers)
