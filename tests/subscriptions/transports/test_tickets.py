"""A socket and a stream are let in by a ticket, once each, and from no page that could not get one."""

from __future__ import annotations

import json

import httpx
import pytest
import websockets

from tests.servers import ServerProcess
from tests.subscriptions.event_stream import PATH

QUERY = "event_type=user_login"
ELSEWHERE = "https://elsewhere.example"


def ticket(server: ServerProcess) -> str:
    headers = {"Authorization": f"Bearer {server.token('alice')}"}
    return str(httpx.post(f"{server.url}/api/v1/tickets/", headers=headers, trust_env=False).json()["ticket"])


def stream_status(server: ServerProcess, ticket: str, **headers: str) -> int:
    url = f"{server.url}{PATH}?{QUERY}&ticket={ticket}"
    with httpx.stream("GET", url, headers=headers, trust_env=False) as answer:
        return answer.status_code


def test_a_ticket_opens_one_stream(each_server: ServerProcess) -> None:
    used = ticket(each_server)
    assert stream_status(each_server, used, Origin=ELSEWHERE) == 403
    assert stream_status(each_server, used) == 200
    assert stream_status(each_server, used) == 401
    assert used not in each_server.log


async def test_a_ticket_opens_one_socket(each_server: ServerProcess) -> None:
    url = f"{each_server.ws_url}?ticket={ticket(each_server)}"
    with pytest.raises(websockets.InvalidStatus):
        await websockets.connect(url, origin=websockets.Origin(ELSEWHERE), proxy=None)
    async with websockets.connect(url, proxy=None) as socket:
        await socket.send('{"action": "ping", "request_id": 1}')
        assert json.loads(await socket.recv())["type"] == "pong"
    async with websockets.connect(url, proxy=None) as socket:
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4500
