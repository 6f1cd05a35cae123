"""Whoever guesses tokens over WebSockets is refused before the handshake; who has one is not."""

from __future__ import annotations

import pytest
import websockets
from websockets.asyncio.client import connect

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
