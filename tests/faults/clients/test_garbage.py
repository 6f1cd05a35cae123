"""Whatever is sent, it is answered in words, and concerns nobody but its sender.

Some thousand frames are given to the protocol in process, some hundreds are sent over a real socket.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.sync.client import ClientConnection, connect

from subscriptions.protocol import commands
from subscriptions.protocol import messages as protocol
from subscriptions.protocol.commands import Refusal
from tests.faults.clients import frames
from tests.servers import ServerProcess
from tests.settings import examples
from tests.waiting import WITHIN_S

CODES = {
    "invalid_json", "invalid_message", "unknown_action", "unknown_event_type", "unknown_filter", "invalid_filter",
    "unknown_subscription", "invalid_position", "limit_exceeded", "too_many_requests",
}  # fmt: skip
UNASKED = {"replayed", "metadata_changed"}
AT_ONCE = 20  # frames of one example; generating them one by one takes longer than judging them
BURST = 90  # frames of one connection: within the burst that a client may send

in_process = settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck))
on_the_wire = settings(
    deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], database=None
)


@in_process
@given(st.lists(frames.frames, min_size=AT_ONCE, max_size=AT_ONCE))
def test_every_frame_is_a_command_or_is_refused_in_a_sentence(given_frames: list[str | bytes]) -> None:
    for frame in given_frames:
        request_id: commands.RequestId = None
        try:
            message = commands.decode(frame)
            request_id = commands.request_id_of(message)
            commands.command_of(message)
        except Refusal as refusal:
            error = json.loads(protocol.error(refusal, request_id))
            assert error["code"] in CODES
            assert error["message"]
            assert len(error["message"]) < 1000


@contextmanager
def connection(server: ServerProcess, user: str) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {server.token(user)}"}
    with connect(server.ws_url, additional_headers=headers, proxy=None, compression=None) as client:
        yield client


def until_fence(client: ClientConnection) -> list[Any]:
    """All that comes before the answer to a ping that is sent now."""
    fence = secrets.token_hex()
    client.send(json.dumps({"action": "ping", "request_id": fence}))
    messages: list[Any] = []
    while True:
        message = json.loads(client.recv(WITHIN_S))
        if isinstance(message, dict) and message.get("request_id") == fence:
            return messages
        messages.append(message)


@pytest.fixture(scope="module")
def onlooker(shared_server: ServerProcess) -> Iterator[ClientConnection]:
    """Somebody else, who must learn nothing of all this."""
    with connection(shared_server, "admin") as client:
        client.send(json.dumps({"action": "subscribe", "event_types": ["user_login", "access_change"]}))
        assert json.loads(client.recv(WITHIN_S))["type"] == "subscribed"
        yield client
        assert until_fence(client) == []
        assert "A command failed" not in shared_server.log


@settings(on_the_wire, max_examples=examples(5))
@given(st.lists(frames.frames, min_size=BURST, max_size=BURST))
def test_every_frame_on_a_socket_gets_exactly_one_answer(
    shared_server: ServerProcess, onlooker: ClientConnection, given_frames: list[str | bytes]
) -> None:
    with connection(shared_server, "alice") as client:
        for frame in given_frames:
            client.send(frame)
        answers = [each for each in until_fence(client) if each == "pong" or each["type"] not in UNASKED]
        assert len(answers) == len(given_frames)
        assert {each["code"] for each in answers if each != "pong" and each["type"] == "error"} <= CODES
    assert until_fence(onlooker) == []


HANDSHAKE = (
    "GET /ws/events HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
)


@settings(on_the_wire, max_examples=examples(80))
@given(frames.raw)
def test_bytes_that_are_no_frames_end_their_own_connection_at_most(
    shared_server: ServerProcess, onlooker: ClientConnection, garbage: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", shared_server.ports[0]), timeout=WITHIN_S) as stranger:
        stranger.sendall(HANDSHAKE.format(token=shared_server.token("alice")).encode())
        assert stranger.recv(4096).startswith(b"HTTP/1.1 101")
        stranger.sendall(garbage)
        stranger.shutdown(socket.SHUT_WR)
        while stranger.recv(4096):
            pass
    assert until_fence(onlooker) == []


@pytest.fixture(scope="module")
def emitter(shared_server: ServerProcess) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {shared_server.token('emitter')}", "Content-Type": "application/json"}
    with httpx.Client(base_url=shared_server.url, headers=headers) as client:
        yield client


events = st.fixed_dictionaries(
    {}, optional={"type": frames.scalars, "data": frames.values, "idempotency_key": frames.scalars, "x": frames.values}
)
bodies = st.one_of(
    events.map(json.dumps),
    st.lists(events, max_size=3).map(json.dumps),
    frames.texts,
    st.binary(max_size=100),
)


@settings(on_the_wire, max_examples=examples(100))
@given(bodies)
def test_every_body_that_is_posted_is_taken_or_refused_in_a_sentence(
    emitter: httpx.Client, onlooker: ClientConnection, body: str | bytes
) -> None:
    answer = emitter.post("/api/v1/events/", content=body)
    assert answer.status_code in {201, 400, 403, 404, 413, 422}, answer.text
    if answer.status_code != 201:
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["code"]
