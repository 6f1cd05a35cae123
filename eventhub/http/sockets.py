"""Which WebSocket an address has, and the answer where it has none.

Channels' routers would raise, and log, for each of the latter. They took 15 µs of each connect, and kept three
coroutines for each socket.
"""

from __future__ import annotations

import json
import re
from typing import Any

from subscriptions.transports.websocket.consumer import event_socket

ADDRESS = re.compile(r"/ws/(?:events|mcp-status)/?")  # at the second, clients of the original system connect

NO_SUCH_SOCKET = {
    "type": "about:blank",
    "title": "Not Found",
    "status": 404,
    "detail": "There is no WebSocket at this address; there are /ws/events and /ws/mcp-status.",
    "code": "not_found",
}


async def refuse_path(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Refuse the handshake (an ASGI application)."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):  # Daphne has only its 403
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "websocket.http.response.start", "status": 404, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": json.dumps(NO_SUCH_SOCKET).encode()})


def socket_at(address: str, other: Any = refuse_path) -> Any:
    """Return the ASGI application of the WebSocket at this address; where there is none, the other one."""
    return event_socket if ADDRESS.fullmatch(address) else other
