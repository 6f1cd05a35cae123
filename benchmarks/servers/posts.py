"""Events as calls of HTTP to the servers of others, over one connection, which is kept while the server keeps it."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from benchmarks.bench.processes import Failed
from benchmarks.servers import centrifugo, nchan

Message = Callable[[int], dict[str, Any]]
ACCEPTED = (b"HTTP/1.1 200", b"HTTP/1.1 201", b"HTTP/1.1 202")


class Posts:
    def __init__(self, port: int, path: str) -> None:
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
        self._port = port
        self._connect()

    def _connect(self) -> None:
        self._connection = socket.create_connection(("127.0.0.1", self._port))
        self._answers = self._connection.makefile("rb")

    def post(self, bodies: Sequence[bytes]) -> list[bytes]:
        """Send all at once; return the bodies of the answers. Raises Failed for an answer that is no success."""
        if select.select([self._connection], [], [], 0)[0]:  # nothing is due: it was idle for long, and was closed
            self.close()
            self._connect()
        self._connection.sendall(b"".join([f"{self._head}{len(body)}\r\n\r\n".encode() + body for body in bodies]))
        return [self._answer() for _ in bodies]

    def close(self) -> None:
        self._answers.close()
        self._connection.close()

    def _answer(self) -> bytes:
        status = self._answers.readline()
        length = 0
        while (line := self._answers.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self._answers.read(length)
        if not status.startswith(ACCEPTED):
            raise Failed(f"a call was answered with {status!r} {body[:200]!r}")
        return body


def to_nchan(port: int, message: Message) -> Callable[[range], object]:
    """It has no call for several events, so a burst is so many calls without waiting for the answers."""
    posts = Posts(port, nchan.PUBLISH)
    return lambda numbers: posts.post([msgspec.json.encode(message(number)) for number in numbers])


def to_centrifugo(port: int, message: Message) -> Callable[[range], object]:
    single, several = Posts(port, centrifugo.PUBLISH), Posts(port, centrifugo.BATCH)

    def broadcast(numbers: range) -> None:
        commands = [{"channel": centrifugo.CHANNEL, "data": message(number)} for number in numbers]
        if len(commands) == 1:
            [answer] = single.post([msgspec.json.encode(commands[0])])
        else:
            body = {"commands": [{"publish": command} for command in commands]}
            [answer] = several.post([msgspec.json.encode(body)])
        if b'"error"' in answer:  # which comes with a status of 200
            raise Failed(f"Centrifugo answered {answer[:200]!r}")

    return broadcast
