"""The two servers that `manage.py serve` can run: both return when a signal has stopped them.

uvicorn drains before it stops: clients are told to reconnect, in batches, so that they do not come back all at once.
"""

from __future__ import annotations

import asyncio
import gc
import math
import select
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from eventhub.hub import state
from eventhub.metrics.endpoint import ROLE
from eventhub.metrics.gauges import of_web
from eventhub.server.health import Process, stop_checking
from eventhub.server.streams.lane import StreamLane
from eventhub.server.websocket.lane import ServerLane
from events.database.sqlite.kept import kept_connections
from events.measuring.keeper import keep_regularly
from events.upkeep.heartbeat import beat_regularly
from subscriptions.protocol.endings import Ending
from subscriptions.transports.http_stream.stream import HttpStream, open_streams

MAX_MESSAGE_BYTES = 64 * 1024  # what a client may send in one message
PING_INTERVAL_S = PING_TIMEOUT_S = 20
GRACE_S = 10  # for open requests and connections when the process is told to stop
DRAIN_S = 3.0  # over which all WebSockets and streams are closed
DRAIN_STEP_S = 0.1  # between two batches
DRAIN_AT_LEAST = 50  # of them in a batch: few need no spreading
# Objects, then generations: a connection brings some 150 objects that stay. With Python's 700, 10, 10 looking for
# garbage among them was a tenth of a connect's cost.
GC_THRESHOLD = (10_000, 20, 10)
TICK_S = 1.0  # between two looks at the clock, for the header `Date`
BACKLOG_TURNS = 1000  # of the loop, to accept what the kernel has accepted for us before we stop listening

Ready = Callable[[], None]


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Ready) -> None:
        super().__init__(config)
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None  # while it serves
        self._woken = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        gc.collect()
        gc.set_threshold(*GC_THRESHOLD)
        gc.freeze()  # what is there now stays: to look through it at each collection was a fifth of a connect's cost
        self._watching = [
            asyncio.create_task(keep_regularly(ROLE, of_web)),
            asyncio.create_task(beat_regularly(ROLE, state.of_web, state.end)),
        ]
        self._ready()

    async def main_loop(self) -> None:
        """Wait until a signal has come. uvicorn's own looks for that ten times a second, half of what an idle process
        costs, and learns of it up to that much later."""
        assert self._loop is not None
        while not await self.on_tick(0):
            timer = self._loop.call_later(TICK_S, self._woken.set)
            await self._woken.wait()
            self._woken.clear()
            timer.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        Process.draining = True
        await self._empty_backlog(sockets or [])
        for server in self.servers:
            server.close()
        await self._close_connections()
        late = asyncio.create_task(self._close_latecomers())
        await super().shutdown(sockets)
        tasks = [late, *self._watching]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await stop_checking()

    async def _empty_backlog(self, sockets: list[socket.socket]) -> None:
        """Let the loop accept the connections that wait: the kernel would reset them."""
        waiting = select.poll()
        for listening in sockets:
            waiting.register(listening, select.POLLIN)
        for _ in range(BACKLOG_TURNS):
            if not waiting.poll(0):
                return
            await asyncio.sleep(0.001)

    async def _close_connections(self) -> None:
        batch = max(DRAIN_AT_LEAST, math.ceil(len(self._connections()) * DRAIN_STEP_S / DRAIN_S))
        while (open_ones := self._connections()) and not self.force_exit:
            for each in open_ones[:batch]:
                each.close(Ending.RESTARTING)
            await asyncio.sleep(DRAIN_STEP_S)

    async def _close_latecomers(self) -> None:
        """Close those who were on their way in, again and again: a stream would hold up the end of the process."""
        while True:
            for each in self._connections():
                each.close(Ending.RESTARTING)
            await asyncio.sleep(DRAIN_STEP_S)

    def _connections(self) -> list[ServerLane | HttpStream]:
        """Return the WebSockets and streams that nobody has closed yet."""
        connections = self.server_state.connections
        websockets = [each for each in connections if isinstance(each, ServerLane) and each.is_open]
        return [*websockets, *(each for each in open_streams if each.is_open)]


def run_uvicorn(application: Any, sockets: list[socket.socket], ready: Ready) -> None:
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http=StreamLane,
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
    kept_connections.begin()
    try:
        server.run(sockets=sockets)
    finally:
        kept_connections.end()


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
