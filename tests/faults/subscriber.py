"""A client that resumes by itself after any break, and keeps every event exactly as it came."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple

import websockets
from websockets.asyncio.client import ClientConnection

from tests.faults.publishing import Publisher
from tests.servers import ServerProcess
from tests.waiting import WITHIN_S, aeventually

BACK_AFTER = 0.1  # seconds between a break and the next connection
FINAL = 4500  # close codes from here on say: do not come back
EVENT_TYPES = ["mcp_status_change"]


class Received(NamedTuple):
    connection: int  # the how manyth
    position: int
    data: dict[str, Any]
    delay: float  # seconds since it was broadcast


class Subscriber:
    def __init__(
        self, urls: Sequence[str], token: str, names: Collection[str] | None = None, heartbeat: float | None = 20
    ) -> None:
        self.names = names  # events of these alone are asked for; None: of all
        self.heartbeat = heartbeat  # seconds between pings, and for the answer
        self.urls = itertools.cycle(urls)
        self.received: list[Received] = []
        self.doubled = 0  # came again on the same connection, or though it was resumed from after them
        self.disordered = 0
        self.closed: list[int] = []  # codes, 1006 where the connection broke
        self.incomplete: list[str] = []  # reasons of replays with a gap
        self.connections = 0
        self.start: int | None = None  # asks for what comes after it
        self.position: str | None = None  # where it may resume
        self.live = False
        self.socket: ClientConnection | None = None
        self._token = token
        self._after = self._last = 0  # positions: where this connection resumed, of its last event
        self._had: set[int] = set()  # positions of its events
        self._fences: set[str] = set()

    @property
    def filters(self) -> dict[str, Any]:
        return {} if self.names is None else {"mcp_names": sorted(self.names)}

    def delay_of_last(self, count: int) -> float:
        """The median of the newest delays; without as many, infinite."""
        if len(self.received) < count:
            return float("inf")
        return median(each.delay for each in self.received[-count:])

    def resume_after(self, position: str) -> None:
        """As if it had been here before, and had all up to there."""
        self.position = position
        self.start = number(position)

    async def run(self) -> None:
        """Until cancelled, or told not to come back."""
        for url in self.urls:
            try:
                async with websockets.connect(
                    url,
                    additional_headers={"Authorization": f"Bearer {self._token}"},
                    ping_interval=self.heartbeat,
                    ping_timeout=self.heartbeat,
                    open_timeout=WITHIN_S,
                    close_timeout=1,
                    max_size=None,
                    compression=None,
                    proxy=None,
                ) as socket:
                    await self._use(socket)
                    await socket.wait_closed()
                    self.closed.append(socket.close_code or 1006)
            except (OSError, TimeoutError, websockets.InvalidHandshake, websockets.InvalidMessage):
                self.closed.append(0)  # could not connect
            finally:
                self.live, self.socket = False, None
            if self.closed[-1] >= FINAL:
                return
            await asyncio.sleep(BACK_AFTER)

    async def _use(self, socket: ClientConnection) -> None:
        self.connections += 1
        wanted = {"event_types": EVENT_TYPES, "filters": self.filters}
        command: dict[str, Any] = {"action": "subscribe", **wanted}
        self._after, self._last, self._had = 0, 0, set()
        if self.position is not None:
            command = {"action": "resume", "after": self.position, "subscriptions": [wanted]}
            self._after = number(self.position)
        try:
            await socket.send(json.dumps(command))
            self.socket = socket
            async for frame in socket:
                self._receive(json.loads(frame))
        except websockets.ConnectionClosed:
            pass  # how it was closed is noted by the caller

    def _receive(self, message: Any) -> None:
        if "id" in message:
            self._event(message)
            return
        assert message["type"] != "error", message
        if message["type"] == "replayed" and not message["complete"]:
            self.incomplete.append(message["reason"])
        if message["type"] in {"subscribed", "replayed"}:
            self.live = True
        if self.live:  # during a replay the position from before it is the one to resume at
            self.position = message["position"]
        if self.start is None:
            self.start = number(message["position"])
        self._fences.discard(message.get("request_id", ""))

    def _event(self, message: dict[str, Any]) -> None:
        position = number(message["id"])
        if position in self._had or position <= self._after:
            self.doubled += 1
        elif position < self._last:
            self.disordered += 1
        self._had.add(position)
        self._last = position
        delay = time.monotonic() - message["data"]["sent"]
        self.received.append(Received(self.connections, position, message["data"], delay))
        if self.live:
            self.position = message["id"]

    async def has_all_of(self, publisher: Publisher) -> None:
        """Wait until it has got the newest event that this publisher, whose events it asks for, has logged by now."""
        newest = publisher.acknowledged[-1]
        await aeventually(lambda: any(each.data["number"] >= newest for each in reversed(self.received)))

    async def fence(self, within: float = WITHIN_S) -> None:
        """Whatever was on its way to this client has come."""
        fence = f"fence {len(self.received)} {self.connections}"
        self._fences.add(fence)
        assert self.socket is not None
        await self.socket.send(json.dumps({"action": "ping", "request_id": fence}))
        await aeventually(lambda: fence not in self._fences, within)


@asynccontextmanager
async def subscribed(
    *servers: ServerProcess,
    names: Collection[str] | None = None,
    urls: Sequence[str] = (),
    heartbeat: float | None = 20,
) -> AsyncIterator[Subscriber]:
    """A subscriber that is live; after a break it tries these servers (or, if given, these URLs) in turn."""
    urls = urls or [server.ws_url for server in servers]
    subscriber = Subscriber(urls, servers[0].token("alice"), names, heartbeat)
    async with running(subscriber):
        await aeventually(lambda: subscriber.live)
        yield subscriber


@asynccontextmanager
async def running(*subscribers: Subscriber) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(subscriber.run()) for subscriber in subscribers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def number(position: str) -> int:
    return int(position.rpartition("-")[2])
