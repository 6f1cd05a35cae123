"""A body that is longer than any view takes is refused before it is stored, whoever sends it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx

from eventhub.server.body_limit import LARGE_BODY
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S


def test_a_body_that_is_announced_as_too_long_is_refused_unread(shared_server: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", shared_server.ports[0]), timeout=WITHIN_S) as client:
        client.sendall(
            b"POST /api/v1/events/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000000\r\n\r\n["
        )
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(4096)
    assert answer.split(b"\r\n")[0].startswith(b"HTTP/1.1 413")


def test_a_body_without_length_is_refused_where_it_becomes_too_long(shared_server: ServerProcess) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(LARGE_BODY // 65536 + 2):
            yield b"x" * 65536

    answer = httpx.post(f"{shared_server.url}/login/", content=endless(), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "limit_exceeded"
    assert httpx.get(f"{shared_server.url}/healthz").status_code == 200


def test_a_body_of_the_longest_that_is_taken_is_read(shared_server: ServerProcess) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {shared_server.token('emitter')}"}
    answer = httpx.post(f"{shared_server.url}/api/v1/events/", content=b" " * LARGE_BODY, headers=headers)
    assert answer.status_code == 413
    assert "4,194,304" in answer.json()["detail"]  # the API's own refusal
