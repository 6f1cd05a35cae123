"""A page of another site cannot use a visitor's session over a WebSocket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.servers import ServerProcess
from tests.waiting import WITHIN_S


@pytest.fixture(scope="module")
def session(shared_server: ServerProcess) -> str:
    return shared_server.session("auditor")


@contextmanager
def handshake(
    server: ServerProcess, *, origin: str | None, session: str | None = None, token: str | None = None, query: str = ""
) -> Iterator[ClientConnection]:
    headers = {}
    if session:
        headers["Cookie"] = f"sessionid={session}"
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    with connect(f"{server.ws_url}{query}", origin=origin, additional_headers=headers, proxy=None) as client:  # type: ignore[arg-type]
        yield client


def ask(client: ClientConnection, action: str, **members: object) -> Any:
    client.send(json.dumps({"action": action, **members}))
    return json.loads(client.recv(WITHIN_S))


def closed_with(client: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(WITHIN_S)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


FOREIGN = [
    None,
    "",
    "null",
    "http://evil.example",
    "http://evil.example:{port}",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1",
    "http://127.0.0.1:1",
    "http://127.0.0.1:{port}0",
    "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1.evil.example:{port}",
    "http://127.0.0.1:{port}@evil.example",
    "http://127.0.0.2:{port}",
    "//127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "http://127.0.0.1:notaport",
    "http://[",
    "file://",
    "ws://127.0.0.1:{port}",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_session_from_another_origin_is_refused_before_the_handshake(
    shared_server: ServerProcess, session: str, origin: str | None
) -> None:
    origin = origin and origin.format(port=shared_server.ports[0])
    with pytest.raises(InvalidStatus) as refused, handshake(shared_server, origin=origin, session=session):
        pass
    assert refused.value.response.status_code == 403


def test_a_session_from_an_allowed_origin_gets_in(shared_server: ServerProcess, session: str) -> None:
    """The others are refused for their origin, and for nothing else."""
    for port in shared_server.ports:
        with handshake(shared_server, origin=f"http://127.0.0.1:{port}", session=session) as client:
            assert ask(client, "subscribe", event_types=["login_failed"])["type"] == "subscribed"


@pytest.mark.parametrize("origin", [None, "http://evil.example", "http://127.0.0.1:{port}"])
def test_a_wrong_token_is_not_made_good_by_a_session(
    shared_server: ServerProcess, session: str, origin: str | None
) -> None:
    origin = origin and origin.format(port=shared_server.ports[0])
    for wrong in ({"token": "ehub_wrong"}, {"token": ""}, {"query": "?token=ehub_wrong"}, {"query": "?token="}):
        with handshake(shared_server, origin=origin, session=session, **wrong) as client:
            assert closed_with(client) == 4500


def test_beside_a_token_the_session_of_another_user_counts_for_nothing(
    shared_server: ServerProcess, session: str
) -> None:
    origin = f"http://127.0.0.1:{shared_server.ports[0]}"
    with handshake(shared_server, origin=origin, session=session, token=shared_server.token("alice")) as client:
        assert ask(client, "subscribe", event_types=["login_failed"])["code"] == "unknown_event_type"


@pytest.mark.parametrize("key", ["", "0" * 32, "../../etc/passwd", "a" * 4000, "\"';"])
def test_a_session_that_does_not_exist_is_nobody(shared_server: ServerProcess, key: str) -> None:
    with handshake(shared_server, origin=f"http://127.0.0.1:{shared_server.ports[0]}", session=key) as client:
        assert closed_with(client) == 4500
