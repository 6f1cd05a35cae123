"""One stream of MCP Events of the load client, checked as an event stream is."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from benchmarks.clients.checked_socket import Commands
from benchmarks.clients.checked_stream import Stream
from benchmarks.clients.frames import TEXT

PATH = "/mcp"
VERSION = "2026-07-28"
EVENT = b'data: {"jsonrpc":"2.0","method":"notifications/events/event"'
META = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}


def request(url: str, asks: Commands) -> bytes:
    """The request for what the only subscribe command asks for. Its id is always the same: all get the same bytes."""
    parts, [only] = urlsplit(url), asks
    [name] = only["event_types"]
    params = {"name": name, "arguments": only["filters"], "_meta": META}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "events/stream", "params": params})
    token = parts.query.removeprefix("token=")
    return (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
        f"MCP-Protocol-Version: {VERSION}\r\nMcp-Method: events/stream\r\nContent-Type: application/json\r\n"
        f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class AgentStream(Stream):
    begins_with = b'"notifications/events/active"'

    @staticmethod
    def _frame_in(data: bytes, at: int) -> tuple[int, int, int] | None:
        """As for event streams; a heartbeat counts as a pong. An event comes in two chunks."""
        frame = Stream._frame_in(data, at)
        if frame is None or not data.startswith(EVENT, frame[1]):
            return frame
        _, start, end = frame
        more = Stream._frame_in(data, end)
        return None if more is None else (TEXT, start, more[2])
