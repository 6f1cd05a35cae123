"""A receiver of webhooks that answers at once, unless the path begins with /hangs, and says what it has had."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from datetime import datetime

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
TIMESTAMP = re.compile(rb'"timestamp":"([^"]+)"')


class Receiver(asyncio.Protocol):
    lags: list[float] = []  # milliseconds from broadcast to here

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.unread = b""

    def data_received(self, data: bytes) -> None:
        self.unread += data
        while b"\r\n\r\n" in self.unread:
            head, _, rest = self.unread.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            if len(rest) < length:
                return
            body, self.unread = rest[:length], rest[length:]
            if head.startswith(b"POST /hangs"):
                return
            found = TIMESTAMP.search(body)
            assert found is not None
            self.lags.append((time.time() - datetime.fromisoformat(found[1].decode()).timestamp()) * 1000)
            self.transport.write(OK)


async def main(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Receiver, "127.0.0.1", port, backlog=4096)
    print("ready", flush=True)
    async with server:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            taken = list(Receiver.lags)
            if json.loads(line).get("forget"):
                Receiver.lags.clear()
            print(json.dumps({"count": len(taken), "lags": sorted(taken), "at": time.time()}), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
