"""Centrifugo, a pub/sub server in Go, to compare with: one channel, which all WebSockets subscribe to.

`python -m benchmarks.servers.centrifugo PORT` serves it. The binary is looked for on PATH, or is what `CENTRIFUGO`
names; Go builds one by `go install github.com/centrifugal/centrifugo/v6@latest`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from benchmarks.servers.peer import Missing, serve

SETTING = "CENTRIFUGO"  # the path of the binary
CHANNEL = "events"
SOCKET = "/connection/websocket"
PUBLISH = "/api/publish"
BATCH = "/api/batch"  # several commands in one call
MISSING = f"Centrifugo is left out: it is not on PATH, and the variable {SETTING} does not name its binary."


def socket_url(port: int) -> str:
    return f"ws://127.0.0.1:{port}{SOCKET}"


def binary() -> str:
    """Raises Missing."""
    found = shutil.which(os.environ.get(SETTING) or "centrifugo")
    if found is None:
        raise Missing(MISSING)
    return found


def configuration(port: int) -> dict[str, object]:
    """Nobody is asked who they are; the last 1,000 messages are in memory, as they are in Nchan."""
    return {
        "http_server": {"address": "127.0.0.1", "port": port},
        "http_api": {"insecure": True},
        "client": {"insecure": True},
        "channel": {"without_namespace": {"history_size": 1000, "history_ttl": "600s"}},
        "log": {"level": "error"},
    }


def command(folder: Path, port: int) -> list[str]:
    """Raises Missing."""
    written = folder / "config.json"
    written.write_text(json.dumps(configuration(port)))
    return [binary(), "--config", str(written)]


if __name__ == "__main__":
    port = int(sys.argv[1])
    serve(lambda folder: command(folder, port), port, {"PATH": os.environ.get("PATH", "")})
