"""A server of others, run in a folder of its own until SIGTERM."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.bench.processes import FAILED

START_S = 10.0


class Missing(Exception):
    """It is not installed; the message says how one gets it."""


def serve(command: Callable[[Path], Sequence[str]], port: int, environment: Mapping[str, str]) -> None:
    """Run the command that is made for a folder, say when the port answers, and end it on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with (
            tempfile.TemporaryDirectory(prefix="eventhub-peer-") as name,
            subprocess.Popen(command(Path(name)), env=dict(environment), stdout=sys.stderr) as server,
        ):
            try:
                wait_for(port)
                print("ready", flush=True)
                signal.pause()
            finally:
                server.terminate()
    except (Missing, ConnectionRefusedError) as error:
        print(f"{FAILED}{error}", flush=True)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
