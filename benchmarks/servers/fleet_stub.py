"""An MCP server that answers at once: under /modern… without sessions, under /legacy… with a handshake and sessions."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

TOOLS = {"tools": [{"name": f"tool_{number}", "inputSchema": {"type": "object"}} for number in range(10)]}
NAME = {"name": "stub", "version": "1"}
ANSWERS: dict[str, Any] = {
    "server/discover": {
        "supportedVersions": ["2026-07-28"],
        "capabilities": {"tools": {}},
        "_meta": {"io.modelcontextprotocol/serverInfo": NAME},
    },
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": NAME},
    "ping": {},
    "tools/list": TOOLS,
}


class Stub(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.unread = b""

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while b"\r\n\r\n" in self.unread:
            head, _, rest = self.unread.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines[1:])
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self.unread = rest[length:]
            self.answer(lines[0], json.loads(rest[:length]) if length else {})

    def answer(self, first: str, asked: dict[str, Any]) -> None:
        method, legacy = asked.get("method", ""), "/legacy" in first
        if first.startswith("DELETE") or method.startswith("notifications/"):
            return self.reply("202 Accepted", b"")
        if method not in ANSWERS or (method == "server/discover" and legacy):
            error = {"code": -32601, "message": "Method not found"}
            return self.reply("400 Bad Request", self.json(asked, error=error))
        session = "Mcp-Session-Id: s\r\n" if method == "initialize" else ""
        return self.reply("200 OK", self.json(asked, result=ANSWERS[method]), session)

    def json(self, asked: dict[str, Any], **answer: object) -> bytes:
        return json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), **answer}).encode()

    def reply(self, status: str, body: bytes, also: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{also}\r\n"
        self.transport.write(head.encode() + body)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
