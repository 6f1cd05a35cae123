"""The answer to a WebSocket at an address that has none: Channels' router would raise, and log, for each."""

from __future__ import annotations

import json
from typing import Any

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
