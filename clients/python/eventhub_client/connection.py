"""One connection to the server: commands out, messages in, until it is closed."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from eventhub_client.errors import ConnectionRefused

PING_EVERY, ANSWER_WITHIN = 25.0, 10.0  # seconds; the answer keeps the position of a quiet client fresh
MAX_MESSAGE = 16 * 1024 * 1024  # bytes
FINAL_CODES = range(4500, 5000)  # of a close: do not come back
FINAL_STATUSES = (400, 401, 403, 404)  # of a handshake
WRONG_TOKEN = 4500
A_TOKEN = re.compile("[!-~]+")
ACCESS_ENDED = 4503  # such as by a token that has expired; another one may be good
BROKEN = 1006


class ConnectionLost(Exception):
    """The connection is gone, and may be made anew."""


class Connection:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, command: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(command))

    async def receive(self) -> Any:
        """Return the next message. When none comes for long, ask for a sign of life."""
        try:
            return json.loads(await asyncio.wait_for(self.socket.recv(), PING_EVERY))
        except TimeoutError:
            await self.send({"action": "ping", "request_id": "ping"})
        try:
            return json.loads(await asyncio.wait_for(self.socket.recv(), ANSWER_WITHIN))
        except TimeoutError:
            raise ConnectionLost("The server does not answer") from None


@asynccontextmanager
async def connected(url: str, token: str, *, has_more_tokens: bool) -> AsyncIterator[Connection]:
    """Connect. Raises ConnectionLost, or ConnectionRefused when there is no point in another try."""
    token = str(token).strip()  # such as the line break of a file
    if not A_TOKEN.fullmatch(token):
        raise ConnectionRefused(WRONG_TOKEN, "the token has characters that no token has, or none at all")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with connect(url, additional_headers=headers, max_size=MAX_MESSAGE) as socket:
            yield Connection(socket)
    except ConnectionClosed as closed:
        code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (BROKEN, "")
        if code in FINAL_CODES and not (code == ACCESS_ENDED and has_more_tokens):
            raise ConnectionRefused(code, reason) from None
        raise ConnectionLost(reason or f"closed with {code}") from None
    except InvalidStatus as refused:
        status = refused.response.status_code
        if status in FINAL_STATUSES:
            raise ConnectionRefused(status, refused.response.reason_phrase) from None
        raise ConnectionLost(f"HTTP {status}") from None
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise ConnectionLost(str(error) or type(error).__name__) from None
