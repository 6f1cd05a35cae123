"""The live stream for a terminal: a client of the public protocol, as anybody could write it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidURI

from events.core.event_types import EventType
from events.core.limits import LIMITS
from events.core.problems import no_such_type
from events.core.suggestion import did_you_mean

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0  # seconds before connecting again; doubled each time, a random part is waited
FINAL_CODES = range(4500, 5000)  # of a close: do not come back
BROKEN = 1006  # the code of a connection that ended without a close
MAX_MESSAGE = 16 * 1024 * 1024  # bytes; the metadata of a large fleet


class TailError(Exception):
    """The stream cannot go on. `code` is the protocol's; empty when no server could be reached."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Request(NamedTuple):
    url: str
    token: str
    event_types: Sequence[str]  # empty: all that may be seen and have the filters
    filters: Mapping[str, Sequence[str]]


class Tail:
    """Calls `show` with each event's message and its type, and `tell` with what else a person should know."""

    def __init__(
        self,
        request: Request,
        show: Callable[[dict[str, Any], EventType], None],
        tell: Callable[[str], None],
        *,
        through_proxy: bool = True,
    ) -> None:
        self.request = request
        self.show = show
        self.tell = tell
        self.proxy: Literal[True] | None = True if through_proxy else None
        self.was_live = False
        self.reset()

    def reset(self) -> None:
        self.types: dict[str, EventType] = {}
        self.filters_of: dict[str, set[str]] = {}
        self.asked: set[str] = set()  # event types, of subscriptions asked for or made
        self.subscriptions: dict[str, list[str]] = {}
        self.is_live = False

    async def run(self) -> None:
        """Follow until cancelled; a connection that is lost is made anew. Raises TailError."""
        waits = back_off()
        while True:
            try:
                problem = await self.follow()
            except InvalidURI:
                problem = f"{self.request.url} is not a WebSocket address, such as ws://host/ws/events."
                raise TailError(problem) from None
            except (OSError, TimeoutError, InvalidHandshake, InvalidProxy) as error:
                problem = f"{self.request.url} cannot be reached ({error or type(error).__name__})"
            if not self.was_live:
                raise TailError(f"{problem}. Is a server running there (manage.py serve)?")
            if self.is_live:
                waits = back_off()
            self.tell(f"{problem}; connecting again. Events until then are in the log, but not shown here.")
            self.reset()
            await asyncio.sleep(next(waits))

    async def follow(self) -> str:
        """Follow one connection until it is closed, and return why. Raises TailError when there is no point in another
        one."""
        headers = {"Authorization": f"Bearer {self.request.token}"}
        async with connect(
            self.request.url, additional_headers=headers, proxy=self.proxy, compression=None, max_size=MAX_MESSAGE
        ) as socket:
            try:
                await send_command(socket, {"action": "get_metadata"})
                while True:
                    await self.take(socket, msgspec.json.decode(await socket.recv()))
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else BROKEN
        if code in FINAL_CODES:
            raise TailError(REASONS.get(code, f"The server closed the connection for good ({code})."), "unauthorized")
        return REASONS.get(code, f"The connection was closed ({code})")

    async def take(self, socket: ClientConnection, message: Any) -> None:
        match message:
            case {"type": "metadata", "data": data}:
                self.learn(data)
                await self.subscribe(socket)
            case {"type": "subscribed", "subscription_id": id, "event_types": event_types}:
                self.subscriptions[id] = event_types
                if not self.is_live:
                    self.is_live = self.was_live = True
                    self.tell(f"Live on {self.request.url}. Ctrl-C ends.")
            case {"type": "unsubscribed", "filters_gone": list(gone)} if self.request.event_types:
                raise TailError(f"{', '.join(gone)}: this filter was removed; without it there would be more events.")
            case {"type": "unsubscribed", "subscription_id": id}:
                self.asked -= set(self.subscriptions.pop(id, ()))
                await send_command(socket, {"action": "get_metadata"})
            case {"type": "metadata_changed"}:
                await send_command(socket, {"action": "get_metadata"})
            case {"type": "error", "code": code, "message": text}:
                raise TailError(text, code)
            case {"type": str(id), "data": dict()}:
                self.show(message, self.types.get(id) or EventType(id=id, category="", label=id))

    def learn(self, metadata: Mapping[str, Any]) -> None:
        described = [event for category in metadata["categories"] for event in category["events"]]
        self.types = {
            each["id"]: EventType(
                id=each["id"], category="", label=each["label"], icon=each["icon"], summary=each["summary"]
            )
            for each in described
        }
        self.filters_of = {each["id"]: {field["name"] for field in each["filterable_fields"]} for each in described}

    async def subscribe(self, socket: ClientConnection) -> None:
        """Subscribe to what is wanted and not yet asked for: a type that an admin has just made may be among it."""
        missing = [id for id in self.wanted() if id not in self.asked]
        for event_types in parts(missing, LIMITS["event_types_per_subscription"]):
            self.asked.update(event_types)
            command = {"action": "subscribe", "event_types": event_types, "filters": self.request.filters}
            await send_command(socket, command)

    def wanted(self) -> list[str]:
        for id in self.request.event_types:
            if id not in self.types:
                problem = no_such_type(id, self.types, did_you_mean(id, self.types))
                raise TailError(f"{problem[0].upper()}{problem[1:]}.", "unknown_event_type")
        if self.request.event_types:
            return list(self.request.event_types)
        declaring = [id for id, names in self.filters_of.items() if names.issuperset(self.request.filters)]
        return declaring or list(self.types)  # the server then says which filters there are


REASONS = {
    1001: "The server is going away",
    BROKEN: "The connection broke",
    1012: "The server is restarting",
    1013: "The server's database is away",
    4008: "This terminal was too slow",
    4010: "The log was replaced",
    4013: "The server has too many connections",
    4500: "The token was refused: it is wrong or expired, or its user is not active.",
    4501: "The server took this for flooding.",
    4503: "Access ended: the token was revoked or expired, or its user may no longer sign in.",
}


async def send_command(socket: ClientConnection, command: Mapping[str, Any]) -> None:
    await socket.send(msgspec.json.encode(command).decode())


def parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[first : first + size] for first in range(0, len(ids), size))


def back_off() -> Iterator[float]:
    longest = FIRST_WAIT
    while True:
        yield random.uniform(longest / 2, longest)
        longest = min(longest * 2, LONGEST_WAIT)
