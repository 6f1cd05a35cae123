"""One WebSocket as an ASGI server offers it, for whoever has frames and reasons and no messages of ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from events.measuring.measures import CONNECTIONS_CLOSED
from subscriptions.outbox.frames import Frame
from subscriptions.protocol.endings import Ending
from subscriptions.transports.websocket.close_codes import CLOSE_CODES

Send = Callable[[dict[str, Any]], Awaitable[None]]


class AsgiSocket:
    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        self._send = send

    def accept(self) -> Awaitable[None]:
        return self._send({"type": "websocket.accept"})

    def write(self, frame: Frame) -> Awaitable[None]:
        return self._send({"type": "websocket.send", "text": frame.text})

    def end(self, ending: Ending) -> Awaitable[None]:
        CONNECTIONS_CLOSED.add(label=ending.name.lower())
        return self._send({"type": "websocket.close", "code": CLOSE_CODES[ending]})

    async def accept_and_end(self, ending: Ending) -> None:
        """Accept the connection and end it: only then does a browser tell its page the code."""
        await self.accept()
        await self.end(ending)

    def refuse(self) -> Awaitable[None]:
        """Answer the handshake with 403."""
        return self._send({"type": "websocket.close", "code": 1000})

    async def refuse_with_wait(self, wait: int) -> None:
        """Answer the handshake with 429, and the seconds after which another may come."""
        headers = [(b"retry-after", str(wait).encode()), (b"content-length", b"0")]
        await self._send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": b""})
