"""The two servers that `manage.py serve` can run: both return when a signal has stopped them."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from eventhub.health import Process
from eventhub.lane import ServerLane

MAX_MESSAGE_BYTES = 64 * 1024  # what a client may send in one message
PING_INTERVAL_S = PING_TIMEOUT_S = 20
GRACE_S = 10  # for open requests and connections when the process is told to stop

Ready = Callable[[], None]


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        Process.draining = True
        await super().shutdown(sockets)


def run_uvicorn(application: Any, sockets: list[socket.socket], ready: Ready) -> None:
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws=ServerLane,
        ws_max_size=MAX_MESSAGE_BYTES,
        ws_ping_interval=PING_INTERVAL_S,
        ws_ping_timeout=PING_TIMEOUT_S,
        ws_per_message_deflate=False,  # 34 KiB a socket, and it would compress an event once for each
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Uvicorn(config, ready)

    def stop(signal_number: int, frame: FrameType | None) -> None:
        # uvicorn has handlers of its own while it serves, and raises the signal again when it is done. That
        # it was told to stop is then no failure; before it serves there is nothing to finish.
        if not server.should_exit:
            sys.exit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server.run(sockets=sockets)


def run_daphne(application: Any, sockets: list[socket.socket], ready: Ready) -> None:
    # Twisted picks its reactor when first imported, and daphne.server makes that the asyncio one.
    from daphne.server import Server

    addresses = [listening.getsockname()[:2] for listening in sockets]
    for listening in sockets:
        listening.close()  # Daphne takes no open sockets: these have shown that the addresses are free
    Server(
        application,
        endpoints=[_twisted_endpoint(host, port) for host, port in addresses],
        ping_interval=PING_INTERVAL_S,
        ping_timeout=PING_TIMEOUT_S,
        websocket_max_message_size=MAX_MESSAGE_BYTES,
        websocket_max_frame_size=MAX_MESSAGE_BYTES,
        ready_callable=ready,
        server_name="eventhub",
    ).run()


def _twisted_endpoint(host: str, port: int) -> str:
    interface = host.replace(":", r"\:")
    return f"tcp:port={port}:interface={interface}"


SERVERS = {"uvicorn": run_uvicorn, "daphne": run_daphne}
