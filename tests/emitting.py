"""Emits events by HTTP, as somebody who may."""

from __future__ import annotations

import json

import httpx
from websockets.sync.client import connect

from tests.servers import ServerProcess
from tests.waiting import eventually

AT_ONCE = 1_000  # events that one request may have


def emit(server: ServerProcess, event_type: str, **data: object) -> None:
    emit_text(server, (event_type, json.dumps(data)))


def emit_many(server: ServerProcess, names: list[str], severity: str = "info") -> None:
    """Emit a change of status for each of these MCP servers: one by one would take long."""
    data = ({"mcp_name": name, "new_status": "active", "severity": severity} for name in names)
    emit_text(server, *(("mcp_status_change", json.dumps(each)) for each in data))


def emit_text(server: ServerProcess, *events: tuple[str, str]) -> None:
    """Emit events, each a type and the JSON of its payload, in the very words."""
    headers = {"Authorization": f"Bearer {server.token('emitter')}", "Content-Type": "application/json"}
    texts = [f'{{"type":"{event_type}","data":{payload}}}' for event_type, payload in events]
    for start in range(0, len(texts), AT_ONCE):
        body = f"[{','.join(texts[start : start + AT_ONCE])}]".encode()
        url = f"{server.url}/api/v1/events/"
        answer = httpx.post(url, content=body, headers=headers)
        assert answer.status_code == 201, answer.text


def passed(server: ServerProcess) -> None:
    """Wait until the server has passed all that is logged: who subscribes from now on does not get it."""
    [(newest,)] = server.database.rows("SELECT max(position) FROM events_event")
    headers = {"Authorization": f"Bearer {server.token('alice')}"}
    with connect(server.ws_url, additional_headers=headers, proxy=None, compression=None) as socket:

        def position() -> int:
            socket.send('{"action": "ping", "request_id": "position"}')
            return int(json.loads(socket.recv())["position"].rpartition("-")[2])

        eventually(lambda: position() >= newest)
