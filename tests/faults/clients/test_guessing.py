"""Whoever guesses tokens is refused for a while, by WebSockets and by long requests; who has one is not."""

from __future__ import annotations

import httpx
import pytest
import websockets
from websockets.asyncio.client import connect

from eventhub.server.body_limit import SMALL_BODY
from tests.client import connected
from tests.conftest import MakeServer
from tests.servers import ServerProcess

ALLOWED = 10  # ten times EVENTHUB_LOGIN_ATTEMPTS


async def code_for(server: ServerProcess, token: str) -> int:
    async with connect(f"{server.ws_url}?token={token}") as socket:
        with pytest.raises(websockets.ConnectionClosed):
            await socket.recv()
        assert socket.close_code is not None
        return socket.close_code


async def test_after_many_wrong_tokens_from_an_address_only_right_ones_come_in(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_LOGIN_ATTEMPTS": "1"})
    for number in range(ALLOWED):
        assert await code_for(server, f"wrong{number}") == 4500
    with pytest.raises(websockets.InvalidStatus) as refused:
        await code_for(server, "wrong")
    if server.server == "daphne":  # which cannot answer a handshake
        assert refused.value.response.status_code == 403
    else:
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["Retry-After"]) > 0
    async with connected(server) as client:
        await client.nothing_came_before()
    assert "Traceback" not in server.log


def test_wrong_tokens_of_long_requests_count_as_those_of_short_ones(make_server: MakeServer) -> None:
    server = make_server(env={"EVENTHUB_LOGIN_ATTEMPTS": "1"})

    def post(token: str) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return httpx.post(f"{server.url}/api/v1/events/", content=b" " * (SMALL_BODY + 1), headers=headers)

    assert [post(f"wrong{number}").status_code for number in range(ALLOWED)] == [413] * ALLOWED
    refused = post("wrong")
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_requests"
    assert int(refused.headers["Retry-After"]) > 0
    headers = {"Authorization": "Bearer wrong"}
    assert httpx.get(f"{server.url}/api/v1/events/metadata", headers=headers).status_code == 429
    assert post(server.token("emitter")).status_code == 400  # nothing but spaces
